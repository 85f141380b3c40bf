use std::net::IpAddr;
use std::time::Duration;

use futures_util::future;
use hickory_resolver::TokioResolver;
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use towerkit_endpoint::Code;

use super::client::REGISTRY;
use crate::RegistryError;

/// So many aliases may lead from one to the next.
const LONGEST_CHAIN: usize = 8;

/// The longest TTL of RFC 2181: what a lookup that used no record is good for.
pub(super) const FOREVER: Duration = Duration::from_secs(u32::MAX as u64 / 2);

/// What is found, and for how long it is good.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) ttl: Duration,
}

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Family {
    #[default]
    Both,
    V4,
    V6,
}

impl Family {
    fn has(self, kind: RecordType) -> bool {
        match self {
            Self::Both => true,
            Self::V4 => kind == RecordType::A,
            Self::V6 => kind == RecordType::AAAA,
        }
    }
}

/// SRV records, and the addresses that came along.
pub(super) struct Services {
    pub(super) records: Vec<SRV>,
    pub(super) glue: Vec<Record>,
}

/// Asks, and passes over the cache: it holds answers for as long as its own settings say, refusals too.
pub(super) struct Resolver(TokioResolver);

impl Resolver {
    pub(super) const fn new(resolver: TokioResolver) -> Self {
        Self(resolver)
    }

    /// The SRV records of a name. It is `NotFound`, where there are none.
    pub(super) async fn services(&self, name: &Name) -> Result<Found<Services>, RegistryError> {
        let mut name = name.clone();
        let mut ttl = FOREVER;
        for _ in 0..LONGEST_CHAIN {
            let error = match self.lookup(&name, RecordType::SRV).await {
                Ok(lookup) => {
                    let ttl = ttl.min(least_ttl(&lookup, RecordType::SRV));
                    let records = lookup.answers().iter().filter_map(|record| match &record.data {
                        RData::SRV(srv) => Some(srv.clone()),
                        _ => None,
                    });
                    let services = Services { records: records.collect(), glue: lookup.additionals().to_vec() };
                    return Ok(Found { value: services, ttl });
                }
                Err(error) => error,
            };
            // Led on by an alias, hickory 0.26 takes the target of a record for an alias too, and asks for the SRV
            // records of that. So we go there step by step.
            if !may_be_an_alias(&name, &error) {
                return Err(failed(&name, RecordType::SRV, error));
            }
            let Ok(alias) = self.lookup(&name, RecordType::CNAME).await else {
                return Err(failed(&name, RecordType::SRV, error));
            };
            let target = alias.answers().iter().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(target.0.clone()),
                _ => None,
            });
            let Some(target) = target else { return Err(failed(&name, RecordType::SRV, error)) };
            ttl = ttl.min(least_ttl(&alias, RecordType::CNAME));
            name = target;
        }
        Err(RegistryError::malformed(REGISTRY, format!("{name}: an alias of an alias, and so on")))
    }

    /// The addresses of a name, where they are not among those that came along. It is `NotFound`, where there are none.
    pub(super) async fn addresses(
        &self,
        name: &Name,
        family: Family,
        glue: &[Record],
    ) -> Result<Found<Vec<IpAddr>>, RegistryError> {
        let (v4, v6) = future::join(
            self.addresses_of(name, RecordType::A, family, glue),
            self.addresses_of(name, RecordType::AAAA, family, glue),
        )
        .await;
        match (v4, v6) {
            (Ok(mut v4), Ok(v6)) => {
                v4.value.extend(v6.value);
                Ok(Found { value: v4.value, ttl: v4.ttl.min(v6.ttl) })
            }
            // One is enough, where the other is known not to be there. Where that is not known, it would be half a set.
            (Ok(found), Err(error)) | (Err(error), Ok(found))
                if error.code() == Code::NotFound && !found.value.is_empty() =>
            {
                Ok(found)
            }
            (Err(error), Err(other)) if error.code() == Code::NotFound => Err(other),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    async fn addresses_of(
        &self,
        name: &Name,
        kind: RecordType,
        family: Family,
        glue: &[Record],
    ) -> Result<Found<Vec<IpAddr>>, RegistryError> {
        if !family.has(kind) {
            return Ok(Found { value: Vec::new(), ttl: FOREVER });
        }
        let known = addresses(glue.iter().filter(|record| record.name == *name && record.record_type() == kind));
        if !known.value.is_empty() {
            return Ok(known);
        }
        let lookup = self.lookup(name, kind).await.map_err(|error| failed(name, kind, error))?;
        Ok(addresses(lookup.answers().iter()))
    }

    async fn lookup(&self, name: &Name, kind: RecordType) -> Result<Lookup, NetError> {
        self.0.clear_lookup_cache(name.clone(), kind);
        self.0.lookup(name.clone(), kind).await
    }
}

fn addresses<'a>(records: impl Iterator<Item = &'a Record>) -> Found<Vec<IpAddr>> {
    let mut found = Found { value: Vec::new(), ttl: FOREVER };
    for record in records {
        match &record.data {
            RData::A(address) => found.value.push(IpAddr::V4(address.0)),
            RData::AAAA(address) => found.value.push(IpAddr::V6(address.0)),
            RData::CNAME(_) => {}
            _ => continue,
        }
        found.ttl = found.ttl.min(Duration::from_secs(record.ttl.into()));
    }
    found
}

/// The least TTL of the records of a kind and of the aliases that led to them.
fn least_ttl(lookup: &Lookup, kind: RecordType) -> Duration {
    let used = lookup.answers().iter().filter(|record| [kind, RecordType::CNAME].contains(&record.record_type()));
    used.map(|record| Duration::from_secs(record.ttl.into())).min().unwrap_or(FOREVER)
}

/// Whether the failure may be of another name, to which hickory was led.
fn may_be_an_alias(name: &Name, error: &NetError) -> bool {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(missing)) => missing.query.name() != name,
        NetError::Dns(DnsError::ResponseCode(_)) => true,
        _ => false,
    }
}

fn failed(name: &Name, kind: RecordType, error: NetError) -> RegistryError {
    let what = |what: &str| format!("{kind} records of {name}: {what}");
    match &error {
        NetError::Dns(DnsError::NoRecordsFound(missing)) => match missing.response_code {
            ResponseCode::NXDomain => RegistryError::new(REGISTRY, Code::NotFound, what("there is no such name")),
            ResponseCode::NoError => RegistryError::new(REGISTRY, Code::NotFound, what("there are none")),
            other => RegistryError::unavailable(REGISTRY, what(&format!("the server answers {other}"))),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => {
            RegistryError::new(REGISTRY, Code::PermissionDenied, what("the server refuses to answer"))
        }
        NetError::Dns(DnsError::ResponseCode(code)) => {
            RegistryError::unavailable(REGISTRY, what(&format!("the server answers {code}")))
        }
        NetError::Timeout => RegistryError::new(REGISTRY, Code::DeadlineExceeded, what("no answer in time")),
        NetError::Proto(_) | NetError::ForeignClassRecord { .. } | NetError::Truncated => {
            RegistryError::malformed(REGISTRY, what("the answer can't be understood")).with_source(error)
        }
        _ => RegistryError::unavailable(REGISTRY, what("the lookup failed")).with_source(error),
    }
}
