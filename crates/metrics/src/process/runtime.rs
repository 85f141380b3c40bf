use metrics::Gauge;
use tokio::runtime::Handle;

use crate::Metrics;

/// What Tokio tells of a runtime.
#[derive(Clone, Debug)]
pub(super) struct Runtime {
    handle: Handle,
    workers: Gauge,
    alive_tasks: Gauge,
    queue_depth: Gauge,
    #[cfg(target_has_atomic = "64")]
    busy: Gauge,
}

impl Runtime {
    pub(super) fn new(metrics: &Metrics, handle: Handle) -> Self {
        Self {
            handle,
            workers: metrics.gauge("tokio_workers", "Worker threads of the runtime."),
            alive_tasks: metrics.gauge("tokio_alive_tasks", "Tasks of the runtime that have not ended."),
            queue_depth: metrics.gauge("tokio_global_queue_depth", "Tasks that wait in the runtime's global queue."),
            #[cfg(target_has_atomic = "64")]
            busy: metrics
                .gauge("tokio_workers_busy_seconds_total", "How long the runtime's workers were busy, together."),
        }
    }

    pub(super) fn sample(&self) {
        let runtime = self.handle.metrics();
        self.workers.set(runtime.num_workers() as f64);
        self.alive_tasks.set(runtime.num_alive_tasks() as f64);
        self.queue_depth.set(runtime.global_queue_depth() as f64);
        #[cfg(target_has_atomic = "64")]
        {
            let busy =
                (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker).as_secs_f64());
            self.busy.set(busy.sum::<f64>());
        }
    }
}
