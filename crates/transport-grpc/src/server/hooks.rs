use std::sync::Arc;

use towerkit_endpoint::{Context, Error, ErrorHandlers, Metadata};

use super::{Heard, Summary};
use crate::status::{Status, status_of};

/// The metadata of a reply: what an [after hook](crate::Server::after) may change.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Head {
    /// What is sent before the messages. A failed reply without any has only one block, and these stand in it.
    pub headers: Metadata,
    /// What is sent behind the messages, beside the status. A generated service has no place for them in a good reply, and sends
    /// them with the headers.
    pub trailers: Metadata,
}

#[derive(Clone)]
pub(crate) struct Hooks {
    pub(super) before: Vec<Arc<Before>>,
    pub(super) after: Vec<Arc<After>>,
    pub(super) finalize: Vec<Arc<Finalize>>,
    pub(super) on_error: ErrorHandlers,
    pub(super) error_encoder: Arc<ErrorEncoder>,
}

type Before = dyn Fn(&mut Context) -> Result<(), Error> + Send + Sync;
type After = dyn Fn(&Context, &mut Head) + Send + Sync;
pub(super) type Finalize = dyn Fn(&Summary) + Send + Sync;
type ErrorEncoder = dyn Fn(&Error) -> Status + Send + Sync;

impl Default for Hooks {
    fn default() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
            finalize: Vec::new(),
            on_error: ErrorHandlers::default(),
            error_encoder: Arc::new(status_of),
        }
    }
}

impl Hooks {
    pub(super) fn run_before(&self, context: &mut Context) -> Result<(), Error> {
        self.before.iter().try_for_each(|hook| hook(context))
    }

    /// What after hooks are shown: the context as it came. None where there are no such hooks, which is the usual case, and for which a call is
    /// not to be larger.
    pub(super) fn keep(&self, context: &Context) -> Option<Box<Context>> {
        (!self.after.is_empty()).then(|| Box::new(context.clone()))
    }

    pub(super) fn run_after(&self, context: Option<&Context>, head: &mut Head) {
        if let Some(context) = context {
            self.after.iter().for_each(|hook| hook(context, head));
        }
    }

    /// Tells of an error, and says what the caller gets.
    pub(super) fn fail(&self, error: &Error, heard: Option<&Heard>) -> Status {
        if let Some(heard) = heard {
            heard.tell(&self.on_error, error);
        }
        (self.error_encoder)(error)
    }
}
