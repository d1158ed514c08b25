//! Programs of the public data set SFData (github.com/tensfa/tensfa), each with its arrays as `data` files: which are
//! rejected at compile time, and whether the first fix is the accepted patch. Prints the table:
//!
//! ```sh
//! cargo test -p convshape-tests --test sfdata -- --nocapture
//! ```
//!
//! These are half of the 49 convolutional programs among SFData's 146. Published results for comparison; each tool was
//! measured on a different set, and none rejects a program before it runs with the fix in the message:
//!
//! - Tensfa (Wu et al., ISSRE 2021): detects the shape faults of SFData from their crash messages with an F1 score of
//!   96.88 %, and repairs 80 of its 146 programs.
//! - ShapeFlow (Verma and Su, 2020, arXiv 2011.13452): runs programs on shapes alone; on 52 programs no false positive
//!   and one false negative.
//! - Pythia (Lagouvardos et al., ECOOP 2020): static analysis of TensorFlow programs; 11 of the 14 shape faults of
//!   Zhang et al., with a precision of 84.62 %.
//! - NeuraLint (Nikanjam et al., TOSEM 2021): 23 rules on a model's graph; 34 programs, recall 70.5 %, precision 100 %.

use std::fs;
use std::path::Path;

use convshape::train::{BinaryCrossEntropy, Context, CrossEntropy, Loss, Mse};
use convshape::{ShapeError, conv_chain};
use convshape_arith::data::ArrayPort;
use convshape_arith::op::AxisOrder;
use convshape_arith::symbols::Symbols;
use convshape_front::{Finding, Level, inspect};
use convshape_tests::chains::{self, SfDataCase};
use convshape_tests::{fix, npy};
use ndarray::ArrayD;

conv_chain! {
    /// For its context.
    struct ChannelsLast {
        dialect: keras;
        input: [1];
        Dense(1);
        output: [1];
    }
}

/// The outcome for a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// Rejected at compile time; `patched` says whether the first fix is the author's.
    Refused { patched: bool },
    /// Rejected with a message when the first batch is fed.
    FirstStep,
    /// It compiles and its arrays fit: our losses take these labels.
    NoFault,
    /// It compiles with arrays that do not fit.
    NotCaught,
    /// The language cannot express it.
    NotExpressible,
}

/// The expected table; raise it when it improves.
const REFUSED: usize = 16;
const PATCHED: usize = 16;

#[test]
fn programs_of_sfdata_with_their_data() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sfdata");
    fs::create_dir_all(&folder).expect("a folder");
    let mut verdicts = Vec::new();
    for case in chains::sfdata() {
        let with_files = judge(&case, &folder);
        let without = judge_without_files(&case);
        eprintln!("{:<16} {:<9}", case.id, case.flaw);
        eprintln!("    patch: {}", case.first_patch);
        for (how, (verdict, message)) in [("with `data:`", &with_files), ("without", &without)] {
            eprintln!("    {how}: {verdict:?}");
            for line in message.lines() {
                eprintln!("        {line}");
            }
        }
        verdicts.push([with_files.0, without.0]);
    }
    let count = |wanted: &dyn Fn(&Verdict) -> bool| {
        [0, 1].map(|how| verdicts.iter().filter(|verdicts| wanted(&verdicts[how])).count())
    };
    let refused = count(&|verdict| matches!(verdict, Verdict::Refused { .. }));
    let patched = count(&|verdict| matches!(verdict, Verdict::Refused { patched: true }));
    let not_caught = count(&|verdict| *verdict == Verdict::NotCaught);
    eprintln!("| {} programs | with `data:` | without |\n|---|---|---|", verdicts.len());
    for (what, [with, without]) in [
        ("refused while compiling", refused),
        (".. and the first fix is the accepted patch", patched),
        ("refused at the first step", count(&|verdict| *verdict == Verdict::FirstStep)),
        ("no fault: the loss takes these labels", count(&|verdict| *verdict == Verdict::NoFault)),
        ("not caught", not_caught),
        ("no words for it", count(&|verdict| *verdict == Verdict::NotExpressible)),
    ] {
        eprintln!("| {what} | {with} | {without} |");
    }
    assert_eq!(not_caught, [0, 0], "a program with a fault trains");
    assert!(refused[0] >= REFUSED, "refused: {}, expected at least {REFUSED}", refused[0]);
    assert!(patched[0] >= PATCHED, "the first fix is the patch: {}, expected at least {PATCHED}", patched[0]);
}

/// Compiles a program, and feeds it its arrays if that works.
fn judge_without_files(case: &SfDataCase) -> (Verdict, String) {
    let Some(chain) = &case.chain else { return (Verdict::NotExpressible, String::new()) };
    let source = program(case.chain_declared.as_ref().unwrap_or(chain), case);
    if let Some(first) = errors(&source, Path::new("")).first() {
        let help = first.lines.iter().find_map(|line| line.strip_prefix("help: "));
        let patched = help.is_some_and(|help| is_patch(help, case, &source));
        return (Verdict::Refused { patched }, text(first));
    }
    match first_step(case, &source) {
        Err(error) => (Verdict::FirstStep, error.to_string()),
        Ok(()) if case.flaw == "labels" => (Verdict::NoFault, String::new()),
        Ok(()) => (Verdict::NotCaught, String::new()),
    }
}

/// What the first batch meets: the check of the input, then the loss, which reads an output of the chain's shape.
fn first_step(case: &SfDataCase, source: &str) -> Result<(), ShapeError> {
    let graph = convshape_front::graph(source.parse().expect("tokens"), Path::new("")).expect("a chain without errors");
    let (input, output) = (&graph.inputs()[0], &graph.outputs()[0]);
    let port = ArrayPort { shape: graph.shape(input.value), order: graph.order(), output: false };
    if !port.fits(&case.fed, false, &mut Symbols::NONE.clone()) {
        let (found, expected) = (case.fed.clone(), *port.shape);
        return Err(ShapeError::Input { chain: "Net", input: "input", found, expected, order: graph.order() });
    }
    let Some(target) = &case.target else { return Ok(()) };
    // Two samples are enough for the shapes.
    let few = |shape: &[usize]| [&[shape[0].min(2)], &shape[1..]].concat();
    let sizes = (0..graph.shape(output.value).rank()).map(|axis| graph.shape(output.value).size(axis).number());
    let sizes: Vec<usize> = sizes.map(|size| size.and_then(|size| size.try_into().ok()).expect("a number")).collect();
    let output = ArrayD::<f32>::zeros([&[case.fed[0].min(2)], &sizes[..]].concat());
    let target = ArrayD::<f32>::zeros(few(target));
    let mut loss: Box<dyn Loss> = match case.loss.as_deref() {
        Some("CrossEntropy") => Box::new(CrossEntropy),
        Some("BinaryCrossEntropy") => Box::new(BinaryCrossEntropy),
        _ => Box::new(Mse),
    };
    let context =
        if graph.order() == AxisOrder::ChannelsLast { Context::of::<ChannelsLast>() } else { Context::default() };
    loss.evaluate_in(&context, &[output.view()], &[target.view()]).map(|_| ())
}

/// Compiles a program with its arrays as files.
fn judge(case: &SfDataCase, folder: &Path) -> (Verdict, String) {
    let Some(chain) = &case.chain else { return (Verdict::NotExpressible, String::new()) };
    let program = program(case.chain_declared.as_ref().unwrap_or(chain), case);
    let mut files = vec![file(folder, &format!("{}-x", case.id), "<f4", &case.fed)];
    // Class indices are integers; labels with a class axis, or for a mean, are read as they are.
    let numbers = |target: &[usize]| target.len() == 1 && case.loss.as_deref() != Some("Mse");
    if let Some(target) = &case.target {
        let descr = if numbers(target) { "|i1" } else { "<f4" };
        files.push(file(folder, &format!("{}-y", case.id), descr, target));
    }
    let names: String = files.iter().map(|name| format!("{name:?}, ")).collect();
    let source = with_header(&program, &format!("data: ({names});"));
    let errors = errors(&source, folder);
    let Some(first) = errors.first() else {
        // Labels in a different form than the program's loss needed, but which ours takes.
        let labels = case.flaw == "labels";
        return (if labels { Verdict::NoFault } else { Verdict::NotCaught }, String::new());
    };
    let help = first.lines.iter().find_map(|line| line.strip_prefix("help: "));
    let patched = help.is_some_and(|help| is_patch(help, case, &source));
    (Verdict::Refused { patched }, text(first))
}

/// The message as the compiler shows it.
fn text(finding: &Finding) -> String {
    let lines: String = finding.lines.iter().map(|line| format!("\n{line}")).collect();
    format!("[{}] {}{lines}", finding.code, finding.message)
}

/// The program's own chain. If only the shape of the labels was its output, the last layer's output is used.
fn program(chain: &str, case: &SfDataCase) -> String {
    let inside = chain.trim().strip_prefix("conv_chain! {").and_then(|rest| rest.strip_suffix('}')).unwrap_or(chain);
    if case.flaw != "labels" {
        return inside.to_owned();
    }
    let inspection = inspect(inside.parse().expect("tokens"), Path::new(""));
    let given = inspection.layers.last().and_then(|layer| layer.output);
    match (given, inside.rsplit_once("output: ")) {
        (Some(shape), Some((body, _))) => format!("{body}output: {shape}; }}"),
        _ => inside.to_owned(),
    }
}

fn with_header(chain: &str, header: &str) -> String {
    let (head, body) = chain.split_once('{').expect("a struct");
    format!("{head}{{ {header} {body}")
}

/// A file of zeros. Only its header is written, so that even a large one takes no space on a file system with sparse
/// files.
fn file(folder: &Path, name: &str, descr: &str, shape: &[usize]) -> String {
    let name = format!("{name}.npy");
    let header = npy::header(descr, shape);
    let bytes = shape.iter().product::<usize>() * if descr == "<f4" { 4 } else { 1 };
    let path = folder.join(&name);
    fs::write(&path, &header).expect("a file");
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
    file.set_len((header.len() + bytes) as u64).expect("the file's length");
    name
}

fn errors(source: &str, folder: &Path) -> Vec<Finding> {
    let findings = inspect(source.parse().expect("tokens"), folder).findings;
    findings.into_iter().filter(|finding| finding.level == Level::Error).collect()
}

/// Whether a fix is equivalent to the patch: the same chain, or the same shape of an array.
fn is_patch(help: &str, case: &SfDataCase, source: &str) -> bool {
    if let Some(wanted) = patched_shape(&case.first_patch) {
        let array = if case.first_patch.contains("label") { case.target.as_ref() } else { Some(&case.fed) };
        let written = help.strip_prefix("write the file with `").and_then(|rest| rest.strip_suffix('`'));
        if let (Some(array), Some(written)) = (array, written) {
            // The patch names the shape of one sample, or includes its own number of samples.
            return edited(written, array).is_some_and(|found| found[1..] == wanted || found[1..] == wanted[1..]);
        }
        let input = help.strip_prefix("in `input`, write `").and_then(|rest| rest.strip_suffix('`'));
        return input.is_some_and(|input| input == format!("{wanted:?}"));
    }
    let Some(fixed) = &case.fixed else { return false };
    let Some(applied) = fix::apply(source, help) else { return false };
    let shapes = |chain: &str| {
        let layers = inspect(chain.parse().expect("tokens"), Path::new("")).layers;
        layers.iter().map(|layer| (layer.op.clone(), layer.output)).collect::<Vec<_>>()
    };
    let inside = fixed.trim().strip_prefix("conv_chain! {").and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|fixed| shapes(fixed) == shapes(&program(&applied, case)))
}

/// `(32, 3, 12, 1)` of "(32, 3, 12) becomes (32, 3, 12, 1)".
fn patched_shape(patch: &str) -> Option<Vec<usize>> {
    let (_, after) = patch.split_once("becomes (")?;
    let (sizes, _) = after.split_once(')')?;
    sizes.split(',').map(str::trim).filter(|size| !size.is_empty()).map(|size| size.parse().ok()).collect()
}

/// The shape of an array after a line of numpy.
fn edited(line: &str, shape: &[usize]) -> Option<Vec<usize>> {
    let (_, edit) = line.split_at(line.find(['.', '['])?);
    let mut shape = shape.to_vec();
    match edit {
        "[None]" => shape.insert(0, 1),
        "[..., None]" => shape.push(1),
        "[:, None]" => shape.insert(1, 1),
        "[:, -1]" => drop(shape.remove(1)),
        "[:, 1:]" => shape[1] -= 1,
        "[..., 1:]" => *shape.last_mut()? -= 1,
        _ => {
            let (method, arguments) = edit.strip_prefix('.')?.strip_suffix(')')?.split_once('(')?;
            let numbers: Vec<usize> = arguments.split(", ").filter_map(|number| number.parse().ok()).collect();
            match method {
                "transpose" => shape = numbers.iter().map(|axis| shape.get(*axis).copied()).collect::<Option<_>>()?,
                "mean" => shape[*numbers.first()?] = 1,
                "squeeze" => drop(shape.remove(*numbers.first()?)),
                _ => return None,
            }
        }
    }
    Some(shape)
}
