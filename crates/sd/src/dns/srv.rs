use std::cmp::Reverse;
use std::net::IpAddr;

use futures_util::{StreamExt, TryStreamExt, stream};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, Record};
use towerkit_endpoint::Code;

use super::client::REGISTRY;
use super::follow::Ask;
use super::hosts::instances;
use super::lookup::{FOREVER, Family, Found, Resolver};
use crate::{Instance, RegistryError};

/// So many targets are looked up at a time.
const LOOKUPS_AT_ONCE: usize = 8;

/// The kind of a [`Discovery`](super::Discovery) for SRV records.
#[derive(Clone, Debug, Default)]
pub struct Srv {
    pub(super) every_priority: bool,
    pub(super) resolve_targets: bool,
}

impl Ask for Srv {
    async fn ask(
        &self,
        resolver: &Resolver,
        name: &Name,
        family: Family,
    ) -> Result<Found<Vec<Instance>>, RegistryError> {
        let Found { value: services, mut ttl } = resolver.services(name).await?;
        let records = services.records.len();
        let Some(targets) = usable(services.records) else { return Ok(Found { value: Vec::new(), ttl }) };
        for targets in self.choices(&targets) {
            let found = if self.resolve_targets {
                resolve(resolver, targets, family, &services.glue).await?
            } else {
                Found { value: targets.iter().map(|target| (target, target.instance.clone())).collect(), ttl }
            };
            ttl = ttl.min(found.ttl);
            if !found.value.is_empty() {
                return Ok(Found { value: self.weighed(found.value), ttl });
            }
        }
        Err(RegistryError::malformed(REGISTRY, format!("{name}: not one of its {records} SRV records can be used")))
    }
}

impl Srv {
    /// Those that are published together, the first choice first. The next one is for where it has no target that is
    /// there.
    fn choices<'a>(&self, targets: &'a [Target]) -> impl Iterator<Item = &'a [Target]> {
        let all = self.every_priority;
        targets.chunk_by(move |one, next| all || one.priority == next.priority)
    }

    fn weighed(&self, targets: Vec<(&Target, Instance)>) -> Vec<Instance> {
        let differ = targets.iter().any(|(target, _)| target.weight != 0);
        let targets = targets.into_iter().map(|(target, instance)| {
            let instance = if differ { instance.with_weight(u32::from(target.weight).max(1)) } else { instance };
            if self.every_priority { instance.with_label("priority", target.priority.to_string()) } else { instance }
        });
        targets.collect()
    }
}

/// What a record says, where it can be used.
struct Target {
    priority: u16,
    weight: u16,
    name: Name,
    instance: Instance,
}

impl Target {
    fn new(record: SRV) -> Option<Self> {
        let host = record.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
        // It knows what a host is, and a port.
        let instance = format!("{host}:{}", record.port).parse().ok()?;
        Some(Self { priority: record.priority, weight: record.weight, name: record.target, instance })
    }
}

/// The records that can be used, by priority, and in the same order whatever the order of the answer: of several at one
/// address the first counts. None, where there is nothing but the target `.`.
fn usable(records: Vec<SRV>) -> Option<Vec<Target>> {
    if records.iter().all(|record| record.target.is_root()) {
        return None;
    }
    let mut targets: Vec<_> = records.into_iter().filter_map(Target::new).collect();
    targets.sort_by(|one, other| {
        let key = |target: &Target| (target.priority, Reverse(target.weight));
        key(one).cmp(&key(other)).then_with(|| one.instance.address().cmp(other.instance.address()))
    });
    Some(targets)
}

async fn resolve<'a>(
    resolver: &Resolver,
    targets: &'a [Target],
    family: Family,
    glue: &[Record],
) -> Result<Found<Vec<(&'a Target, Instance)>>, RegistryError> {
    let lookups: Vec<_> = targets.iter().map(|target| addresses(resolver, target, family, glue)).collect();
    let found: Vec<_> = stream::iter(lookups).buffered(LOOKUPS_AT_ONCE).try_collect().await?;
    let mut all = Found { value: Vec::new(), ttl: FOREVER };
    for (target, found) in found.into_iter().flatten() {
        all.ttl = all.ttl.min(found.ttl);
        let instances = instances(found.value, target.instance.port());
        all.value.extend(instances.map(|instance| (target, instance.with_label("target", target.instance.host()))));
    }
    Ok(all)
}

async fn addresses<'a>(
    resolver: &Resolver,
    target: &'a Target,
    family: Family,
    glue: &[Record],
) -> Result<Option<(&'a Target, Found<Vec<IpAddr>>)>, RegistryError> {
    match resolver.addresses(&target.name, family, glue).await {
        Ok(found) => Ok(Some((target, found))),
        // It says clearly that there is nothing. Where it is not known what there is, the whole fails.
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, port: u16, target: &str) -> SRV {
        SRV::new(priority, weight, port, Name::from_str_relaxed(target).unwrap())
    }

    /// What is published of records whose targets are not looked up.
    fn published(srv: &Srv, records: Vec<SRV>) -> Vec<Instance> {
        let targets = usable(records).unwrap();
        let choice = srv.choices(&targets).next().unwrap_or_default();
        srv.weighed(choice.iter().map(|target| (target, target.instance.clone())).collect())
    }

    fn at(port: u16) -> Instance {
        Instance::new("node.example", port)
    }

    #[test]
    fn the_lowest_number_is_published() {
        let records = vec![record(20, 0, 82, "node.example."), record(10, 0, 81, "node.example.")];
        assert_eq!(published(&Srv::default(), records), [at(81)]);
    }

    #[test]
    fn the_next_number_is_published_where_the_lowest_has_none_that_can_be_used() {
        let records = vec![record(20, 0, 82, "node.example."), record(10, 0, 0, "node.example.")];
        assert_eq!(published(&Srv::default(), records), [at(82)]);
    }

    #[test]
    fn every_priority_is_a_label() {
        let srv = Srv { every_priority: true, ..Srv::default() };
        let records = vec![record(20, 0, 82, "node.example."), record(10, 0, 81, "node.example.")];
        let expected = [at(81).with_label("priority", "10"), at(82).with_label("priority", "20")];
        assert_eq!(published(&srv, records), expected);
    }

    #[test]
    fn a_weight_of_0_next_to_others_counts_as_1() {
        let records = vec![record(1, 0, 81, "node.example."), record(1, 60, 82, "node.example.")];
        assert_eq!(published(&Srv::default(), records), [at(82).with_weight(60), at(81).with_weight(1)]);
    }

    #[test]
    fn where_all_have_the_weight_0_there_is_nothing_to_choose_by() {
        let records = vec![record(1, 0, 81, "node.example."), record(1, 0, 82, "node.example.")];
        assert_eq!(published(&Srv::default(), records), [at(81), at(82)]);
    }

    #[test]
    fn a_record_that_cannot_be_used_is_skipped() {
        let good = record(1, 0, 81, "Node.EXAMPLE.");
        let odd: [&[u8]; 7] = [b"a b", b"a/b", b"a\0", b"a.b\\", b"\xff\xfe", b"[::1]", b"a:80"];
        let odd = odd.map(|label| SRV::new(1, 0, 83, Name::from_labels([label, b"example"]).unwrap()));
        let bad = odd.into_iter().chain([record(1, 0, 0, "node.example."), record(1, 0, 82, ".")]);
        let records = bad.chain([good]).collect();
        assert_eq!(published(&Srv::default(), records), [at(81)]);
    }

    #[test]
    fn the_target_of_the_root_alone_is_no_target() {
        assert!(usable(vec![record(0, 0, 0, ".")]).is_none());
        assert!(usable(vec![record(0, 0, 0, "."), record(0, 0, 0, "node.example.")]).unwrap().is_empty());
    }

    #[test]
    fn the_order_of_the_answer_does_not_matter() {
        let records = [record(1, 5, 81, "b.example."), record(1, 9, 81, "a.example."), record(1, 7, 81, "a.example.")];
        let mut turned = records.to_vec();
        turned.reverse();
        assert_eq!(published(&Srv::default(), records.to_vec()), published(&Srv::default(), turned));
    }
}
