//! Law 9: clones share state as the documentation says.

use tower_service::Service;

use super::clones_share;
use super::refusal::exhaust;
use crate::contract::Readiness;
use crate::contract::subject::{Refusal, Setup};
use crate::contract::verdict::{Stop, Verdict, expect, not_applicable};

pub(super) async fn check<S, Req>(setup: &Setup<S, Req>) -> Verdict
where
    S: Service<Req> + Clone,
{
    let Some(declared) = setup.clones_share else {
        return Err(not_applicable("nothing was declared about clones"));
    };
    let mut checked = false;
    if let Readiness::Reserves { limit } = setup.readiness {
        let seen = clones_share(setup, limit).await?;
        agree(declared, seen, "by the permits of its original")?;
        checked = true;
    }
    if let Some(Refusal::After(replies)) = &setup.refusal {
        let mut subject = setup.fresh();
        // Made before: a clone made later could have copied the state, which is not sharing it.
        let mut other = subject.another();
        let _held = exhaust(&mut subject, replies).await?;
        let before = other.counts().calls;
        other.once().await?;
        agree(declared, other.counts().calls == before, "by the calls of its original")?;
        checked = true;
    }
    if !checked {
        return Err(not_applicable("nothing that clones could share is declared: no permits, no refusal after calls"));
    }
    Ok(Vec::new())
}

fn agree(declared: bool, seen: bool, what: &str) -> Result<(), Stop> {
    let is = |shared: bool| if shared { "is" } else { "is not" };
    expect(declared == seen, &format!("as declared, a clone {} affected {what}", is(declared)), || {
        format!("it {} affected", is(seen))
    })
}
