//! The training loop.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
#[cfg(feature = "safetensors")]
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow;
#[cfg(feature = "safetensors")]
use std::path::Path;
use std::path::PathBuf;

use ndarray::ArrayViewD;
use rand::Rng;

use super::bytes;
use super::data::{Pass, Subset, Use, generator};
use super::processes::{self, ProcessError, Processes, Share};
use super::progress::Progress;
use super::{
    Batch, Constant, Context, DataError, Dataset, Epoch, History, LastLayer, Loader, Loss, Metric, Optimizer, Schedule,
    Train, clip_norm, clip_value, single,
};
#[cfg(feature = "safetensors")]
use super::{Checkpoint, OptimizerState};
use crate::cpu::Clock;
use crate::methods::loss::checked;
use crate::model::error::{ShapeError, debug_as_display};
use crate::model::param::Param;
#[cfg(feature = "safetensors")]
use crate::weights::{LoadError, SaveError, files};

debug_as_display!(FitError);

/// Training stopped early.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The data does not fit the model or the loss.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A sample cannot be read or made.
    #[error(transparent)]
    Data(DataError),
    /// There is nothing to train on.
    #[error("there is nothing to train on: the data has no samples, or fewer than one whole batch")]
    NoData,
    /// There is nothing to validate on.
    #[error("the validation data has no samples")]
    NoValidationData,
    /// A setting that no training can have.
    #[error("`{setting}` is {found}, expected {expected}")]
    Setting {
        /// The method of [`Fit`], or the learning rate.
        setting: &'static str,
        /// Its value.
        found: f64,
        /// The values that it can have.
        expected: &'static str,
    },
    /// The data is infinite or NaN.
    #[error("step {step}: the loss is {loss}; {side} {number} has the element {found} in sample {sample} of the batch")]
    NotFiniteData {
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// `input` or `target`.
        side: &'static str,
        /// Which one, counted from 0.
        number: usize,
        /// The sample, counted from 0 in its batch.
        sample: usize,
        /// The element.
        found: f32,
    },
    /// The loss became infinite or NaN.
    #[error("step {step}: the loss is {loss}; {}", FirstLayer(layer))]
    NotFinite {
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// The first layer with an output or a parameter that was not finite; `None` if only the loss was not.
        layer: Option<String>,
    },
    /// A parameter, gradient or running statistic became infinite or NaN, though the loss did not.
    #[error("step {step}: {quantity} `{name}` has the element {found}; the loss is {loss}")]
    NotFiniteValue {
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// What it is.
        quantity: Quantity,
        /// The parameter or running statistic, as files name it.
        name: String,
        /// The first element that is not finite.
        found: f32,
    },
    /// The processes of a training run ([`Fit::processes`]) cannot exchange data.
    #[error("the processes cannot train together: {0}")]
    Processes(#[source] ProcessError),
    /// A checkpoint cannot be read.
    #[cfg(feature = "safetensors")]
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A checkpoint cannot be written.
    #[cfg(feature = "safetensors")]
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl From<DataError> for FitError {
    fn from(error: DataError) -> FitError {
        match error {
            DataError::Shape(error) => FitError::Shape(error),
            error => FitError::Data(error),
        }
    }
}

/// What became infinite or NaN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Quantity {
    /// The gradient of a parameter. The step was not made: the model is unchanged.
    Gradient,
    /// A running statistic. The step was not made: the model is unchanged.
    Statistic,
    /// A parameter, after the step. The learning rate may be too high.
    Parameter,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Quantity::Gradient => "the gradient of",
            Quantity::Statistic => "the running statistic",
            Quantity::Parameter => "after the step the parameter",
        })
    }
}

struct FirstLayer<'a>(&'a Option<String>);

impl fmt::Display for FirstLayer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(layer) => write!(f, "the first layer that is not finite is `{layer}`"),
            None => f.write_str("all layers are finite"),
        }
    }
}

/// A change of a batch before its step.
type Prepare<'a> = Box<dyn FnMut(&mut Batch, &mut dyn Rng) + Send + 'a>;

/// A training loop and its settings: epochs, batches, learning rate and so on.
///
/// The same seed, data and model give the same bits, even if the training was interrupted and continued from a
/// checkpoint.
pub struct Fit<'a, O, L> {
    optimizer: O,
    loss: L,
    epochs: u64,
    batch: usize,
    whole_only: bool,
    seed: u64,
    prefetch: usize,
    schedule: Box<dyn Schedule>,
    clip_norm: Option<f64>,
    clip_value: Option<f32>,
    validation: Option<Box<dyn Dataset + 'a>>,
    patience: Option<u64>,
    metrics: Vec<Box<dyn Metric + 'a>>,
    accumulate: usize,
    average: Option<f64>,
    #[cfg_attr(not(feature = "safetensors"), expect(dead_code, reason = "for files"))]
    best: Option<PathBuf>,
    prepare: Option<Prepare<'a>>,
    processes: Option<Box<dyn Processes + 'a>>,
    #[cfg_attr(not(feature = "safetensors"), expect(dead_code, reason = "for files"))]
    checkpoint: Option<PathBuf>,
    quiet: bool,
}

impl<O: fmt::Debug, L: fmt::Debug> fmt::Debug for Fit<'_, O, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fit { optimizer, loss, epochs, batch, seed, .. } = self;
        let mut fields = f.debug_struct("Fit");
        fields.field("optimizer", optimizer).field("loss", loss).field("epochs", epochs);
        fields.field("batch", batch).field("seed", seed).finish_non_exhaustive()
    }
}

/// The state of a training run.
struct State<M> {
    history: History,
    best: Option<(f64, M)>,
    /// Batches so far.
    steps: u64,
    /// The average of the weights, if one is kept.
    average: Option<M>,
    /// Accumulated gradients of batches before their common step.
    pending: Option<Pending<M>>,
}

/// The sum of the gradients of some batches, each times its number of samples.
struct Pending<M> {
    gradients: M,
    samples: f64,
    batches: usize,
}

impl<'a, O: Optimizer, L: Loss> Fit<'a, O, L> {
    /// Ten epochs in shuffled batches of 32.
    #[must_use]
    pub fn new(optimizer: O, loss: L) -> Fit<'a, O, L> {
        Fit {
            optimizer,
            loss,
            epochs: 10,
            batch: 32,
            whole_only: false,
            seed: 0,
            prefetch: 0,
            schedule: Box::new(Constant),
            clip_norm: None,
            clip_value: None,
            validation: None,
            patience: None,
            metrics: Vec::new(),
            accumulate: 1,
            average: None,
            best: None,
            prepare: None,
            processes: None,
            checkpoint: None,
            quiet: false,
        }
    }

    /// The number of epochs: how often every sample is seen.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Self {
        Fit { epochs, ..self }
    }

    /// Samples per batch. The last batch of an epoch has the remaining samples; a single one joins the batch before it,
    /// since normalisation cannot be trained on it ([`Loader`]).
    #[must_use]
    pub fn batch(self, batch: usize) -> Self {
        Fit { batch, ..self }
    }

    /// Drops a last batch that is smaller than the others.
    #[must_use]
    pub fn whole_batches_only(self) -> Self {
        Fit { whole_only: true, ..self }
    }

    /// The seed of everything random: the order of the samples, augmentation, dropout, [`Fit::prepare`].
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Fit { seed, ..self }
    }

    /// Prepares up to `batches` batches ahead on another thread, which helps if samples are read from files or
    /// augmented. The result of the training is the same, bit for bit.
    #[must_use]
    pub fn prefetch(self, batches: usize) -> Self {
        Fit { prefetch: batches, ..self }
    }

    /// A schedule that changes the optimiser's initial learning rate.
    #[must_use]
    pub fn schedule(self, schedule: impl Schedule + 'static) -> Self {
        Fit { schedule: Box::new(schedule), ..self }
    }

    /// Scales gradients down to a norm of at most `max` ([`clip_norm`]).
    #[must_use]
    pub fn clip_norm(self, max: f64) -> Self {
        Fit { clip_norm: Some(max), ..self }
    }

    /// Brings every gradient into `-max..=max` ([`clip_value`]).
    #[must_use]
    pub fn clip_value(self, max: f32) -> Self {
        Fit { clip_value: Some(max), ..self }
    }

    /// Data on which the loss is measured after every epoch. It must not be empty.
    #[must_use]
    pub fn validation(self, data: impl Dataset + 'a) -> Self {
        Fit { validation: Some(Box::new(data)), ..self }
    }

    /// Early stopping: ends after `epochs` epochs without a lower loss and restores the best model. It uses the
    /// validation loss if there is one.
    #[must_use]
    pub fn patience(self, epochs: u64) -> Self {
        Fit { patience: Some(epochs), ..self }
    }

    /// Measures a metric after every epoch in inference mode, on the validation data or else on the training data.
    /// Several metrics are measured in the order in which they were added.
    #[must_use]
    pub fn metric(mut self, metric: impl Metric + 'a) -> Self {
        self.metrics.push(Box::new(metric));
        self
    }

    /// Accumulates gradients: makes a step after every `batches` batches, with the mean of their gradients over all
    /// samples. Except for batch normalisation, this equals one larger batch. An epoch ends with a step.
    #[must_use]
    pub fn accumulate(self, batches: usize) -> Self {
        Fit { accumulate: batches.max(1), ..self }
    }

    /// Keeps an exponential moving average of the weights: after each step it is `decay` (such as 0.999) times the
    /// average plus `1 - decay` times the weights. Validation, metrics and the resulting model use the average. Running
    /// statistics are those of the model.
    #[must_use]
    pub fn average(self, decay: f64) -> Self {
        Fit { average: Some(decay), ..self }
    }

    /// Writes the model to a safetensors file whenever it has the lowest loss so far, measured on the validation data
    /// if there is any.
    #[cfg(feature = "safetensors")]
    #[must_use]
    pub fn keep_best(self, path: impl Into<PathBuf>) -> Self {
        Fit { best: Some(path.into()), ..self }
    }

    /// Changes each batch before its step, for example to add noise or to draw a noise input. The generator is seeded
    /// for the step.
    #[must_use]
    pub fn prepare(self, prepare: impl FnMut(&mut Batch, &mut dyn Rng) + Send + 'a) -> Self {
        Fit { prepare: Some(Box::new(prepare)), ..self }
    }

    /// Trains on several processes, each of which runs this with the same data and settings: the crate `convshape-mpi`.
    /// A step averages the gradients of the processes' shares of its batch, so that it is the step that one process
    /// makes.
    ///
    /// Normalisation takes the statistics of a process's share of the batch; the stored ones are averaged. Each process
    /// drops elements for itself. The first process reads and writes files. Processes with different settings or with a
    /// different first sample are refused.
    #[must_use]
    pub fn processes(self, processes: impl Processes + 'a) -> Self {
        Fit { processes: Some(Box::new(processes)), ..self }
    }

    /// Writes a [`Checkpoint`] after every epoch, and continues from it if the file exists. If it already has all epochs,
    /// nothing is trained; the progress output says so.
    #[cfg(feature = "safetensors")]
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Fit { checkpoint: Some(path.into()), ..self }
    }

    /// Turns off progress output. Otherwise progress is shown on standard error: a line per epoch, and on a terminal a
    /// bar below. With several processes, the first one shows it.
    #[must_use]
    pub fn quiet(self) -> Self {
        Fit { quiet: true, ..self }
    }

    /// Trains a model. Layers run in training mode: normalisation uses the statistics of the batch, and `Dropout` is
    /// active.
    ///
    /// # Errors
    /// If the data does not fit the model or the loss, or there is none; if a setting makes no sense, such as a negative
    /// learning rate; if a loss, gradient, statistic or parameter becomes infinite or NaN; or if a checkpoint cannot be
    /// read or written. The model is then as after its last step. A failed step
    /// changes nothing, unless the parameters themselves became infinite or NaN.
    pub fn run<M: Train>(self, model: &mut M, data: &(impl Dataset + ?Sized)) -> Result<History, FitError> {
        self.run_with(model, data, |_, _| ControlFlow::Continue(()))
    }

    /// Like [`Fit::run`], and calls `after` at the end of every epoch, before the checkpoint is written, with the model
    /// and the epoch's results. It may change the model, or stop the training with [`ControlFlow::Break`]. With several
    /// processes, all must change the model in the same way, and all stop if one does.
    ///
    /// # Errors
    /// Those of [`Fit::run`].
    pub fn run_with<M: Train>(
        mut self,
        model: &mut M,
        data: &(impl Dataset + ?Sized),
        mut after: impl FnMut(&mut M, &Epoch) -> ControlFlow<()>,
    ) -> Result<History, FitError> {
        self.check()?;
        let mut loader = Loader::new(data, self.batch).shuffled(self.seed);
        if self.whole_only {
            loader = loader.whole_batches_only();
        }
        if loader.batches() == 0 {
            return Err(FitError::NoData);
        }
        if self.validation.as_ref().is_some_and(|data| data.is_empty()) {
            return Err(FitError::NoValidationData);
        }
        let rate = self.optimizer.learning_rate();
        let mut state = self.begin(model, data)?;
        let shown = !self.quiet && self.is_first();
        let mut progress =
            shown.then(|| Progress::new(self.epochs, self.epochs.saturating_mul(loader.batches() as u64), state.steps));
        let done = state.history.epochs.len() as u64;
        #[cfg(feature = "safetensors")]
        if let (Some(progress), Some(file), 1..) = (&progress, &self.checkpoint, done) {
            progress.resumed(file, done);
        }
        for epoch in done..self.epochs {
            if self.is_over(&state.history) {
                progress.iter_mut().for_each(|progress| progress.stopped(&state.history));
                break;
            }
            let clock = Clock::start();
            let loss = self.epoch(model, &loader, (epoch, rate), &mut state, &mut progress)?;
            let average = averaged(model, &state);
            let judged = average.as_ref().unwrap_or(model);
            let (validation, metrics) = self.judge(judged, data)?;
            let entry = Epoch {
                epoch: epoch + 1,
                loss,
                validation,
                learning_rate: self.optimizer.learning_rate(),
                seconds: clock.elapsed().as_secs_f64(),
                metrics,
            };
            progress.iter_mut().for_each(|progress| progress.epoch(&entry));
            let watched = entry.watched();
            // NaN is never the best.
            let best = state.best.as_ref().map_or(f64::INFINITY, |(best, _)| *best);
            if self.patience.is_some() && watched < best {
                state.best = Some((watched, judged.clone()));
            }
            self.save_best(judged, watched, &state.history)?;
            let stops = after(model, &entry).is_break();
            state.history.epochs.push(entry);
            self.save(model, &state)?;
            let stops = match self.processes.as_deref_mut() {
                Some(processes) => processes::any(processes, stops).map_err(FitError::Processes)?,
                None => stops,
            };
            if stops {
                break;
            }
        }
        drop(progress);
        let average = averaged(model, &state);
        if let Some(last) = state.best.map(|(_, best)| best).or(average) {
            *model = last;
        }
        Ok(state.history)
    }

    /// Trains on every batch once, from a base learning rate. Returns the mean loss of a sample.
    fn epoch<M: Train>(
        &mut self,
        model: &mut M,
        loader: &Loader<impl Dataset>,
        (epoch, rate): (u64, f64),
        state: &mut State<M>,
        progress: &mut Option<Progress>,
    ) -> Result<f64, FitError> {
        let (mut sum, mut samples) = (0.0, 0.0);
        loader.prefetched(epoch, self.prefetch, |batches| {
            for (index, batch) in batches.enumerate() {
                let time = epoch as f64 + index as f64 / loader.batches() as f64;
                self.optimizer.set_learning_rate(rate * self.schedule.factor(time));
                let (loss, size) = self.step(model, batch?, state)?;
                sum += f64::from(loss) * size;
                samples += size;
                progress.iter_mut().for_each(Progress::step);
            }
            Ok::<(), FitError>(())
        })?;
        self.finish_step(model, state, f32::NAN)?;
        Ok(sum / samples)
    }

    /// The loss on the validation data, if there are some, and the metrics on those or else on the training data.
    fn judge<M: Train>(
        &mut self,
        model: &M,
        data: &(impl Dataset + ?Sized),
    ) -> Result<(Option<f64>, Vec<(String, f64)>), FitError> {
        let Some(validation) = self.validation.as_deref() else {
            return Ok((None, measure(model, data, self.batch, &self.loss, &mut self.metrics)?));
        };
        let loss = validate(model, validation, self.batch, &mut self.loss, self.processes.as_deref_mut())?;
        Ok((Some(loss), measure(model, validation, self.batch, &self.loss, &mut self.metrics)?))
    }

    /// Runs one batch, and a step if enough gradients are accumulated. Returns the loss and its number of samples.
    fn step<M: Train>(
        &mut self,
        model: &mut M,
        mut batch: Batch,
        state: &mut State<M>,
    ) -> Result<(f32, f64), FitError> {
        let mut rng = generator(self.seed, Use::Step, state.steps);
        if let Some(prepare) = &mut self.prepare {
            prepare(&mut batch, &mut rng);
        }
        if state.steps == 0 && self.is_first() {
            bytes::check::<M>(&batch);
        }
        let size = batch.inputs.first().map_or(0.0, |input| input.shape()[0] as f64);
        let share = self.processes.as_deref().map(|processes| Share::of(&batch, processes));
        // All processes have prepared the batch with the same random numbers; each draws its own dropout.
        if let Some(rank @ 1..) = self.processes.as_ref().map(|processes| processes.rank() as u64) {
            rng = generator(self.seed.wrapping_add(rank), Use::Step, state.steps);
        }
        state.steps += 1;
        let batch = share.as_ref().map_or(&batch, |share| &share.batch);
        let (inputs, targets) = (batch.input_views(), batch.target_views());
        let before = statistics(model);
        let (mut loss, mut gradients) = model.loss_gradients_train(&inputs, &targets, &mut self.loss, &mut rng)?;
        if let (Some(processes), Some(share)) = (self.processes.as_deref_mut(), &share) {
            share.average(processes, &mut loss, model, &mut gradients).map_err(FitError::Processes)?;
        }
        let step = state.steps;
        let not_finite = |quantity| move |(name, found)| FitError::NotFiniteValue { step, loss, quantity, name, found };
        let mut statistic = None;
        model.for_each_statistic_mut(|name, param| statistic = statistic.take().or(not_finite_element(name, param)));
        let gradient = first_not_finite(&gradients).map(not_finite(Quantity::Gradient));
        if !loss.is_finite() || gradient.is_some() || statistic.is_some() {
            restore(model, &before);
            if let Some(error) = not_finite_data(step, loss, &inputs, &targets) {
                return Err(error);
            }
            return Err(match (loss.is_finite(), statistic.map(not_finite(Quantity::Statistic)).or(gradient)) {
                (true, Some(error)) => error,
                _ => FitError::NotFinite { step, loss, layer: model.first_not_finite(&inputs)? },
            });
        }
        if self.accumulate == 1 {
            self.optimize(model, gradients, state, loss)?;
            return Ok((loss, size));
        }
        if self.accumulated(state, gradients, size) {
            self.finish_step(model, state, loss)?;
        }
        Ok((loss, size))
    }

    /// Adds the gradients of a batch to those that wait for a step. Returns whether they are enough for one.
    fn accumulated<M: Train>(&self, state: &mut State<M>, mut gradients: M, size: f64) -> bool {
        let pending = match state.pending.take() {
            None => {
                scale(&mut gradients, single(size));
                Pending { gradients, samples: size, batches: 1 }
            }
            Some(mut pending) => {
                pending.gradients.for_each_trained(&gradients, |_, sum, gradient| {
                    for (sum, gradient) in sum.as_mut_slice().iter_mut().zip(gradient.as_slice()) {
                        *sum += single(size) * gradient;
                    }
                });
                Pending { samples: pending.samples + size, batches: pending.batches + 1, ..pending }
            }
        };
        let full = pending.batches == self.accumulate;
        state.pending = Some(pending);
        full
    }

    /// Makes a step with the accumulated gradients, if there are any.
    fn finish_step<M: Train>(&mut self, model: &mut M, state: &mut State<M>, loss: f32) -> Result<(), FitError> {
        let Some(Pending { mut gradients, samples, .. }) = state.pending.take() else { return Ok(()) };
        scale(&mut gradients, single(1.0 / samples));
        self.optimize(model, gradients, state, loss)
    }

    /// Updates the parameters with gradients, then the average.
    fn optimize<M: Train>(
        &mut self,
        model: &mut M,
        mut gradients: M,
        state: &mut State<M>,
        loss: f32,
    ) -> Result<(), FitError> {
        let step = state.steps;
        if let Some(max) = self.clip_value {
            clip_value(&mut gradients, max);
        }
        if let Some(max) = self.clip_norm {
            clip_norm(&mut gradients, max);
        }
        self.optimizer.step(model, &gradients)?;
        if let Some((name, found)) = first_not_finite(model) {
            return Err(FitError::NotFiniteValue { step, loss, quantity: Quantity::Parameter, name, found });
        }
        if let (Some(decay), Some(average)) = (self.average, &mut state.average) {
            average.for_each_trained(model, |_, average, weight| {
                for (average, weight) in average.as_mut_slice().iter_mut().zip(weight.as_slice()) {
                    *average += single(1.0 - decay) * (weight - *average);
                }
            });
        }
        Ok(())
    }

    /// Checks the settings.
    fn check(&self) -> Result<(), FitError> {
        let positive = |x: f64| x > 0.0;
        let rate = self.optimizer.learning_rate();
        let (batch, average) = (self.batch as f64, self.average.unwrap_or(0.0));
        let (norm, value) = (self.clip_norm.unwrap_or(1.0), self.clip_value.map_or(1.0, f64::from));
        for (setting, found, is_right, expected) in [
            ("batch", batch, positive(batch), "at least 1"),
            ("learning_rate", rate, rate >= 0.0, "at least 0"),
            ("average", average, (0.0..=1.0).contains(&average), "0 to 1"),
            ("clip_norm", norm, positive(norm), "more than 0"),
            ("clip_value", value, positive(value), "more than 0"),
        ] {
            if !is_right {
                return Err(FitError::Setting { setting, found, expected });
            }
        }
        Ok(())
    }

    /// Whether early stopping applies.
    fn is_over(&self, history: &History) -> bool {
        // Without a best epoch yet, all epochs count.
        let waited = (history.epochs.len() as u64).saturating_sub(history.best().map_or(0, |best| best.epoch));
        !history.epochs.is_empty() && self.patience.is_some_and(|patience| waited >= patience)
    }

    /// The state from which training continues, the same on all processes.
    fn begin<M: Train>(&mut self, model: &mut M, data: &(impl Dataset + ?Sized)) -> Result<State<M>, FitError> {
        if let Some(processes) = self.processes.as_deref_mut() {
            let Fit { epochs, batch, seed, .. } = self;
            let (samples, optimizer, rate) = (data.len(), self.optimizer.name(), self.optimizer.learning_rate());
            let settings = format!(
                "{epochs} epochs of {samples} samples in batches of {batch} with the seed {seed} by {optimizer} at a \
                 rate of {rate}"
            );
            processes::same_settings(processes, &settings).map_err(FitError::Processes)?;
            let first = data.sample(0, Pass::new(self.seed, 0))?;
            processes::same_data(processes, &first).map_err(FitError::Processes)?;
            processes::same_model(processes, model).map_err(FitError::Processes)?;
        }
        self.resumed(model)
    }

    #[cfg(feature = "safetensors")]
    fn resumed<M: Train>(&mut self, model: &mut M) -> Result<State<M>, FitError> {
        let file = self.checkpoint.as_deref().unwrap_or(Path::new(""));
        let mut bytes = None;
        if file.exists() && self.is_first() {
            bytes = Some(files::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })?);
        }
        if let Some(processes) = self.processes.as_deref_mut() {
            bytes = processes::same_bytes(processes, bytes).map_err(FitError::Processes)?;
        }
        let Some(bytes) = bytes else {
            // A state without steps suits any optimiser.
            let _ = self.optimizer.restore(OptimizerState::default());
            return Ok(State::new(model, self.average));
        };
        let checkpoint = Checkpoint::of_file(file, &bytes, model)?;
        let Checkpoint { model: stored, optimizer, history, best, steps, average } = checkpoint;
        super::checkpoint::restore(&mut self.optimizer, optimizer, model)
            .map_err(|error| LoadError::Format { file: file.display().to_string(), reason: error.to_string() })?;
        *model = stored;
        // If the checkpoint has no average, it starts from the current weights.
        let average = self.average.map(|_| average.unwrap_or_else(|| model.clone()));
        Ok(State { history, best, steps, average, pending: None })
    }

    /// Whether this is the first process, which reads and writes files and shows progress.
    fn is_first(&self) -> bool {
        self.processes.as_ref().is_none_or(|processes| processes.rank() == 0)
    }

    /// Writes the best model so far, before its epoch is in the history.
    #[cfg(feature = "safetensors")]
    fn save_best<M: Train>(&self, model: &M, watched: f64, history: &History) -> Result<(), FitError> {
        let Some(file) = self.best.as_ref().filter(|_| self.is_first()) else { return Ok(()) };
        if watched < history.best().map_or(f64::INFINITY, Epoch::watched) {
            model.save(file)?;
        }
        Ok(())
    }

    #[cfg(not(feature = "safetensors"))]
    fn save_best<M: Train>(&self, _: &M, _: f64, _: &History) -> Result<(), FitError> {
        Ok(())
    }

    #[cfg(feature = "safetensors")]
    fn save<M: Train>(&self, model: &M, state: &State<M>) -> Result<(), FitError> {
        let Some(file) = self.checkpoint.as_ref().filter(|_| self.is_first()) else { return Ok(()) };
        let State { history, best, steps, average, .. } = state;
        let checkpoint = Checkpoint {
            model: model.clone(),
            optimizer: self.optimizer.state(),
            history: history.clone(),
            best: best.clone(),
            steps: *steps,
            average: average.clone(),
        };
        Ok(checkpoint.write(file)?)
    }

    #[cfg(not(feature = "safetensors"))]
    fn resumed<M: Train>(&mut self, model: &mut M) -> Result<State<M>, FitError> {
        Ok(State::new(model, self.average))
    }

    #[cfg(not(feature = "safetensors"))]
    fn save<M: Train>(&self, _: &M, _: &State<M>) -> Result<(), FitError> {
        Ok(())
    }
}

impl<M: Train> State<M> {
    /// Before the first step.
    fn new(model: &M, average: Option<f64>) -> State<M> {
        let average = average.map(|_| model.clone());
        State { history: History::default(), best: None, steps: 0, average, pending: None }
    }
}

/// The average of the weights, if one is kept, with the model's running statistics.
fn averaged<M: Train>(model: &mut M, state: &State<M>) -> Option<M> {
    let mut average = state.average.clone()?;
    restore(&mut average, &statistics(model));
    Some(average)
}

/// Multiplies gradients.
fn scale<M: Train>(gradients: &mut M, factor: f32) {
    gradients.for_each_param_mut(|_, gradient| {
        for gradient in gradient.as_mut_slice() {
            *gradient *= factor;
        }
    });
}

/// The metrics of a model over data, in inference mode.
fn measure<'a, M: Train>(
    model: &M,
    data: &(impl Dataset + ?Sized),
    batch: usize,
    loss: &impl Loss,
    metrics: &mut [Box<dyn Metric + 'a>],
) -> Result<Vec<(String, f64)>, DataError> {
    if metrics.is_empty() {
        return Ok(Vec::new());
    }
    metrics.iter_mut().for_each(|metric| metric.reset());
    for batch in Loader::new(data, batch).epoch(0) {
        let batch = batch?;
        let outputs = model.run_batch(&batch.input_views())?;
        for metric in metrics.iter_mut() {
            let (output, target) = metric.reads();
            let (Some(found), Some(wanted)) = (outputs.get(output), batch.targets.get(target)) else {
                let (outputs, targets) = (outputs.len(), batch.targets.len());
                let (expected_outputs, expected_targets) = (output + 1, target + 1);
                return Err(ShapeError::Loss { outputs, targets, expected_outputs, expected_targets }.into());
            };
            let logits = loss.applies(output) == Some(LastLayer::Sigmoid);
            metric.update(&Context { logits, ..Context::of::<M>() }, &found.view(), &wanted.view())?;
        }
    }
    Ok(metrics.iter().map(|metric| (metric.name(), metric.value())).collect())
}

/// [`evaluate`], each process on its share of the data.
fn validate<M: Train>(
    model: &M,
    data: &(impl Dataset + ?Sized),
    batch: usize,
    loss: &mut impl Loss,
    processes: Option<&mut (dyn Processes + '_)>,
) -> Result<f64, FitError> {
    let Some(processes) = processes else { return Ok(evaluate(model, data, batch, loss)?) };
    let (rows, weight) = processes::share(data.len(), processes);
    let own = evaluate(model, &Subset::new(data, rows.collect())?, batch, loss)?;
    processes::mean(processes, own, weight).map_err(FitError::Processes)
}

/// The running statistics of a model, in order.
fn statistics<M: Train>(model: &mut M) -> Vec<Vec<f32>> {
    let mut statistics = Vec::new();
    model.for_each_statistic_mut(|_, param| statistics.push(param.as_slice().to_vec()));
    statistics
}

/// The reverse of [`statistics`].
fn restore<M: Train>(model: &mut M, statistics: &[Vec<f32>]) {
    let mut statistics = statistics.iter();
    model.for_each_statistic_mut(|_, param| {
        if let Some(before) = statistics.next() {
            param.as_mut_slice().copy_from_slice(before);
        }
    });
}

/// The first element of the data that is infinite or NaN.
fn not_finite_data(
    step: u64,
    loss: f32,
    inputs: &[ArrayViewD<'_, f32>],
    targets: &[ArrayViewD<'_, f32>],
) -> Option<FitError> {
    [("input", inputs), ("target", targets)].into_iter().find_map(|(side, arrays)| {
        arrays.iter().enumerate().find_map(|(number, array)| {
            let (place, found) = array.iter().enumerate().find(|(_, element)| !element.is_finite())?;
            let sample = place / (array.len() / array.shape().first().copied().unwrap_or(1));
            Some(FitError::NotFiniteData { step, loss, side, number, sample, found: *found })
        })
    })
}

/// The first parameter or statistic with an element that is infinite or NaN, and that element.
fn first_not_finite<M: Train>(model: &M) -> Option<(String, f32)> {
    let mut found = None;
    model.for_each_param(|name, param| found = found.take().or_else(|| not_finite_element(name, param)));
    found
}

fn not_finite_element(name: &str, param: &Param) -> Option<(String, f32)> {
    let element = param.as_slice().iter().find(|element| !element.is_finite())?;
    Some((name.to_owned(), *element))
}

/// The mean loss of a model over data in inference mode: with running statistics and without dropout.
///
/// # Errors
/// If the data cannot be read, does not fit the model or the loss, or there is none.
pub fn evaluate<M: Train>(
    model: &M,
    data: &(impl Dataset + ?Sized),
    batch: usize,
    loss: &mut impl Loss,
) -> Result<f64, DataError> {
    let context = Context::of::<M>();
    if data.is_empty() {
        return Err(ShapeError::NoSamples { chain: context.chain }.into());
    }
    let (mut sum, mut samples) = (0.0, 0.0);
    for batch in Loader::new(data, batch).epoch(0) {
        let batch = batch?;
        let outputs = model.run_batch(&batch.input_views())?;
        let outputs: Vec<_> = outputs.iter().map(|output| output.view()).collect();
        let size = outputs.first().map_or(0.0, |output| output.shape()[0] as f64);
        sum += size * checked(loss, &context, &outputs, &batch.target_views())?.value;
        samples += size;
    }
    Ok(sum / samples)
}
