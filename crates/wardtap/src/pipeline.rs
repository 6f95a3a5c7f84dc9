//! Threads and channels, nothing else.
//!
//! With one worker everything runs on the calling thread, without a channel. With more, the front stage and each worker
//! have a thread of their own and the calling thread judges. Batches and bundles go round: all channels are bounded, and
//! a stage that is ahead waits.

use std::io;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::batch::{Batch, Bundle};
use crate::front::Front;
use crate::judgement::Judgement;
use crate::worker::{Counted, Worker, WorkerOptions};

/// What came of a run.
pub struct Outcome {
    pub front: Front,
    pub workers: Vec<Counted>,
}

/// Batches in flight beside those that workers hold.
const BATCHES: usize = 2;

/// Runs a capture through. `progress` hears of (octets read, of, packets) now and then.
pub fn run(
    front: Front,
    workers: usize,
    options: &WorkerOptions,
    judgement: &mut Judgement,
    progress: &mut dyn FnMut(u64, Option<u64>, u64),
) -> io::Result<Outcome> {
    if workers <= 1 {
        on_one_thread(front, options, judgement, progress)
    } else {
        on_threads(front, workers, options, judgement, progress)
    }
}

fn on_one_thread(
    mut front: Front,
    options: &WorkerOptions,
    judgement: &mut Judgement,
    progress: &mut dyn FnMut(u64, Option<u64>, u64),
) -> io::Result<Outcome> {
    let mut worker = Worker::new(0, 1, options.clone());
    let mut batch = Batch::default();
    let mut bundles = [Bundle::default()];
    while front.fill(&mut batch) {
        let [bundle] = &mut bundles;
        *bundle = worker.take(&batch, std::mem::take(bundle));
        judgement.take(&batch, &mut bundles)?;
        let (read, of) = front.source().progress();
        progress(read, of, batch.first);
    }
    Ok(Outcome { front, workers: vec![worker.counted()] })
}

/// What a worker sends back for a batch.
struct Answer {
    batch: Arc<Batch>,
    bundle: Bundle,
}

fn on_threads(
    front: Front,
    workers: usize,
    options: &WorkerOptions,
    judgement: &mut Judgement,
    progress: &mut dyn FnMut(u64, Option<u64>, u64),
) -> io::Result<Outcome> {
    let in_flight = BATCHES + 2 * workers;
    let (spare_to, spare_from) = bounded::<Batch>(in_flight);
    for _ in 0..in_flight {
        // The channel has room for exactly these.
        if spare_to.send(Batch::default()).is_err() {
            break;
        }
    }
    thread::scope(|scope| {
        let mut batches_to = Vec::new();
        let mut answers_from = Vec::new();
        let mut bundles_to = Vec::new();
        let mut threads = Vec::new();
        for number in 0..workers {
            let (batch_to, batch_from) = bounded::<Arc<Batch>>(in_flight);
            let (answer_to, answer_from) = bounded::<Answer>(in_flight);
            let (bundle_to, bundle_from) = bounded::<Bundle>(in_flight);
            let options = options.clone();
            threads.push(
                scope.spawn(move || work(Worker::new(number, workers, options), &batch_from, &bundle_from, &answer_to)),
            );
            batches_to.push(batch_to);
            answers_from.push(answer_from);
            bundles_to.push(bundle_to);
        }
        let (read_to, read_from) = bounded::<(u64, Option<u64>)>(in_flight);
        let reader = scope.spawn(move || read(front, &spare_from, &batches_to, &read_to));
        let judged = judge(judgement, &answers_from, &bundles_to, &spare_to, &read_from, progress);
        // Lets a reader or worker that waits for the judge end, when the judge gave up.
        drop((answers_from, bundles_to, spare_to, read_from));
        let front = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let workers = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        judged.map(|()| Outcome { front, workers })
    })
}

fn read(
    mut front: Front,
    spare: &Receiver<Batch>,
    workers: &[Sender<Arc<Batch>>],
    progress: &Sender<(u64, Option<u64>)>,
) -> Front {
    while let Ok(mut batch) = spare.recv() {
        if !front.fill(&mut batch) {
            break;
        }
        let batch = Arc::new(batch);
        if progress.send(front.source().progress()).is_err()
            || workers.iter().any(|worker| worker.send(Arc::clone(&batch)).is_err())
        {
            break;
        }
    }
    front
}

fn work(
    mut worker: Worker,
    batches: &Receiver<Arc<Batch>>,
    bundles: &Receiver<Bundle>,
    answers: &Sender<Answer>,
) -> Counted {
    while let Ok(batch) = batches.recv() {
        let bundle = worker.take(&batch, bundles.try_recv().unwrap_or_default());
        if answers.send(Answer { batch, bundle }).is_err() {
            break;
        }
    }
    worker.counted()
}

fn judge(
    judgement: &mut Judgement,
    answers: &[Receiver<Answer>],
    bundles_to: &[Sender<Bundle>],
    spare: &Sender<Batch>,
    read: &Receiver<(u64, Option<u64>)>,
    progress: &mut dyn FnMut(u64, Option<u64>, u64),
) -> io::Result<()> {
    let mut bundles = Vec::with_capacity(answers.len());
    loop {
        let mut batch = None;
        for answer in answers {
            let Ok(answer) = answer.recv() else { return Ok(()) };
            bundles.push(answer.bundle);
            batch = Some(answer.batch);
        }
        let Some(batch) = batch else { return Ok(()) };
        judgement.take(&batch, &mut bundles)?;
        if let Ok((at, of)) = read.recv() {
            progress(at, of, batch.first);
        }
        for (bundle, to) in bundles.drain(..).zip(bundles_to) {
            // A worker that has ended needs no bundle.
            drop(to.try_send(bundle));
        }
        // Every other worker dropped its share before it answered.
        drop(spare.try_send(Arc::into_inner(batch).unwrap_or_default()));
    }
}
