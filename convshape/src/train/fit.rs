//! The training loop.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use std::path::PathBuf;
use std::time::Instant;

use rand::Rng;

use super::data::{Use, generator};
use super::{Batch, Constant, Data, Epoch, History, Loader, Loss, Optimizer, Schedule, Train, clip_norm, clip_value};
#[cfg(feature = "safetensors")]
use super::{Checkpoint, OptimizerState};
use crate::error::ShapeError;
#[cfg(feature = "safetensors")]
use crate::weights::{LoadError, SaveError};

/// A training did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The data does not fit the model or the loss.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is nothing to train on.
    #[error("the data has no whole batch")]
    NoData,
    /// The loss became infinite or no number.
    #[error("step {step}: the loss is {loss}; {}", FirstLayer(layer))]
    NotFinite {
        /// The step, counted from 1.
        step: u64,
        /// The loss.
        loss: f32,
        /// The first layer whose output, or parameter, was not finite; none if it was the loss.
        layer: Option<String>,
    },
    /// A checkpoint cannot be read.
    #[cfg(feature = "safetensors")]
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A checkpoint cannot be written.
    #[cfg(feature = "safetensors")]
    #[error(transparent)]
    Save(#[from] SaveError),
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

/// What is done to a batch before a step.
type Prepare<'a> = Box<dyn FnMut(&mut Batch, &mut dyn Rng) + 'a>;

/// A training: how often, in which batches, how fast.
///
/// With the same seed, data and model it gives the same bits; also if it was interrupted and went on
/// from a checkpoint.
pub struct Fit<'a, O, L> {
    optimizer: O,
    loss: L,
    epochs: u64,
    batch: usize,
    whole_only: bool,
    seed: u64,
    schedule: Box<dyn Schedule>,
    clip_norm: Option<f64>,
    clip_value: Option<f32>,
    validation: Option<Data<'a>>,
    patience: Option<u64>,
    prepare: Option<Prepare<'a>>,
    #[cfg_attr(not(feature = "safetensors"), expect(dead_code, reason = "for files"))]
    checkpoint: Option<PathBuf>,
    #[cfg(feature = "progress")]
    progress: bool,
}

impl<O: fmt::Debug, L: fmt::Debug> fmt::Debug for Fit<'_, O, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fit { optimizer, loss, epochs, batch, seed, .. } = self;
        let mut fields = f.debug_struct("Fit");
        fields.field("optimizer", optimizer).field("loss", loss).field("epochs", epochs);
        fields.field("batch", batch).field("seed", seed).finish_non_exhaustive()
    }
}

/// What a training has come to.
struct State<M> {
    history: History,
    best: Option<(f64, M)>,
    steps: u64,
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
            schedule: Box::new(Constant),
            clip_norm: None,
            clip_value: None,
            validation: None,
            patience: None,
            prepare: None,
            checkpoint: None,
            #[cfg(feature = "progress")]
            progress: false,
        }
    }

    /// How often every sample is seen.
    #[must_use]
    pub fn epochs(self, epochs: u64) -> Self {
        Fit { epochs, ..self }
    }

    /// Samples a step.
    #[must_use]
    pub fn batch(self, batch: usize) -> Self {
        Fit { batch, ..self }
    }

    /// Leaves out a last batch of an epoch that is smaller than the others.
    #[must_use]
    pub fn whole_batches_only(self) -> Self {
        Fit { whole_only: true, ..self }
    }

    /// The seed of everything random: the order of the samples, dropping, [`Fit::prepare`].
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Fit { seed, ..self }
    }

    /// How the learning rate, which the optimiser has at the start, changes.
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

    /// Data on which the loss is measured after every epoch.
    #[must_use]
    pub fn validation(self, data: Data<'a>) -> Self {
        Fit { validation: Some(data), ..self }
    }

    /// Stops after so many epochs without a lower loss, of the validation if there is one, and goes
    /// back to the best model.
    #[must_use]
    pub fn patience(self, epochs: u64) -> Self {
        Fit { patience: Some(epochs), ..self }
    }

    /// Changes each batch before its step: adds noise, draws what a model takes as noise. The
    /// generator is the step's own.
    #[must_use]
    pub fn prepare(self, prepare: impl FnMut(&mut Batch, &mut dyn Rng) + 'a) -> Self {
        Fit { prepare: Some(Box::new(prepare)), ..self }
    }

    /// Writes a [`Checkpoint`] after every epoch, and goes on from it if the file is there.
    #[cfg(feature = "safetensors")]
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>) -> Self {
        Fit { checkpoint: Some(path.into()), ..self }
    }

    /// Shows a bar on standard error.
    #[cfg(feature = "progress")]
    #[must_use]
    pub fn progress(self) -> Self {
        Fit { progress: true, ..self }
    }

    /// Trains a model. Layers run as in training: normalisation by the statistics of the batch,
    /// `Dropout` dropping.
    ///
    /// # Errors
    /// If the data does not fit the model or the loss, the loss becomes infinite or no number, or a
    /// checkpoint cannot be read or written. The model is then as after its last step.
    pub fn run<M: Train>(mut self, model: &mut M, data: &Data<'_>) -> Result<History, FitError> {
        let mut loader = Loader::new(data.clone(), self.batch).shuffled(self.seed);
        if self.whole_only {
            loader = loader.whole_batches_only();
        }
        if loader.batches() == 0 {
            return Err(FitError::NoData);
        }
        let rate = self.optimizer.learning_rate();
        let mut state = self.begin(model)?;
        #[cfg(feature = "progress")]
        let bar =
            self.progress.then(|| super::progress::Progress::new(self.epochs * loader.batches() as u64, state.steps));
        for epoch in state.history.epochs.len() as u64..self.epochs {
            if self.is_over(&state.history) {
                break;
            }
            let start = Instant::now();
            let (mut sum, mut samples) = (0.0, 0.0);
            for (index, batch) in loader.epoch(epoch).enumerate() {
                let time = epoch as f64 + index as f64 / loader.batches() as f64;
                self.optimizer.set_learning_rate(rate * self.schedule.factor(time));
                let (loss, size) = self.step(model, batch, &mut state)?;
                sum += f64::from(loss) * size;
                samples += size;
                #[cfg(feature = "progress")]
                bar.iter().for_each(super::progress::Progress::step);
            }
            let validation = match &self.validation {
                Some(data) => Some(evaluate(model, data, self.batch, &mut self.loss)?),
                None => None,
            };
            let entry = Epoch {
                epoch: epoch + 1,
                loss: sum / samples,
                validation,
                learning_rate: self.optimizer.learning_rate(),
                seconds: start.elapsed().as_secs_f64(),
            };
            #[cfg(feature = "progress")]
            bar.iter().for_each(|bar| bar.epoch(&entry));
            let watched = entry.validation.unwrap_or(entry.loss);
            if self.patience.is_some() && state.best.as_ref().is_none_or(|(best, _)| watched < *best) {
                state.best = Some((watched, model.clone()));
            }
            state.history.epochs.push(entry);
            self.save(model, &state)?;
        }
        #[cfg(feature = "progress")]
        bar.iter().for_each(super::progress::Progress::finish);
        if let Some((_, best)) = state.best {
            *model = best;
        }
        Ok(state.history)
    }

    /// One step. Returns the loss and how many samples it is of.
    fn step<M: Train>(
        &mut self,
        model: &mut M,
        mut batch: Batch,
        state: &mut State<M>,
    ) -> Result<(f32, f64), FitError> {
        let mut rng = generator(self.seed, Use::Step, state.steps);
        state.steps += 1;
        if let Some(prepare) = &mut self.prepare {
            prepare(&mut batch, &mut rng);
        }
        let (inputs, targets) = (batch.input_views(), batch.target_views());
        let (loss, mut gradients) = model.loss_gradients_train(&inputs, &targets, &mut self.loss, &mut rng)?;
        if !loss.is_finite() {
            let layer = model.first_not_finite(&inputs)?;
            return Err(FitError::NotFinite { step: state.steps, loss, layer });
        }
        if let Some(max) = self.clip_value {
            clip_value(&mut gradients, max);
        }
        if let Some(max) = self.clip_norm {
            clip_norm(&mut gradients, max);
        }
        self.optimizer.step(model, &gradients);
        Ok((loss, inputs.first().map_or(0.0, |input| input.shape()[0] as f64)))
    }

    /// Whether the loss has not sunk for too long.
    fn is_over(&self, history: &History) -> bool {
        let watched = history.epochs.iter().map(|epoch| epoch.validation.unwrap_or(epoch.loss));
        let best = watched.enumerate().reduce(|best, next| if next.1 < best.1 { next } else { best });
        match (self.patience, best) {
            (Some(patience), Some((best, _))) => (history.epochs.len() - 1 - best) as u64 >= patience,
            _ => false,
        }
    }

    #[cfg(feature = "safetensors")]
    fn begin<M: Train>(&mut self, model: &mut M) -> Result<State<M>, FitError> {
        let file = self.checkpoint.as_ref().filter(|file| file.exists());
        let Some(file) = file else {
            self.optimizer.restore(OptimizerState::default());
            return Ok(State { history: History::default(), best: None, steps: 0 });
        };
        let Checkpoint { model: stored, optimizer, history, best, steps } = Checkpoint::read(file, model)?;
        *model = stored;
        self.optimizer.restore(optimizer);
        Ok(State { history, best, steps })
    }

    #[cfg(feature = "safetensors")]
    fn save<M: Train>(&self, model: &M, state: &State<M>) -> Result<(), FitError> {
        let Some(file) = &self.checkpoint else { return Ok(()) };
        let State { history, best, steps } = state;
        let checkpoint = Checkpoint {
            model: model.clone(),
            optimizer: self.optimizer.state(),
            history: history.clone(),
            best: best.clone(),
            steps: *steps,
        };
        Ok(checkpoint.write(file)?)
    }

    #[cfg(not(feature = "safetensors"))]
    fn begin<M: Train>(&mut self, _: &mut M) -> Result<State<M>, FitError> {
        Ok(State { history: History::default(), best: None, steps: 0 })
    }

    #[cfg(not(feature = "safetensors"))]
    fn save<M: Train>(&self, _: &M, _: &State<M>) -> Result<(), FitError> {
        Ok(())
    }
}

/// The mean loss of a model over data, as outside training: by stored statistics, without dropping
/// anything.
///
/// # Errors
/// If the data does not fit the model or the loss.
pub fn evaluate<M: Train>(model: &M, data: &Data<'_>, batch: usize, loss: &mut impl Loss) -> Result<f64, ShapeError> {
    let (mut sum, mut samples) = (0.0, 0.0);
    for batch in Loader::new(data.clone(), batch).epoch(0) {
        let outputs = model.run_batch(&batch.input_views())?;
        let outputs: alloc::vec::Vec<_> = outputs.iter().map(|output| output.view()).collect();
        let size = outputs.first().map_or(0.0, |output| output.shape()[0] as f64);
        sum += size * super::loss::checked(loss, &outputs, &batch.target_views())?.value;
        samples += size;
    }
    Ok(sum / samples)
}
