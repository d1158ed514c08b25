//! Weight files: checks the header of a compiled-in file against the chain's parameters, and that its numbers are finite.

mod problem;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use convshape_arith::stored::{Hint, WEIGHT_NORM, is_stored_as, length_stride};
use convshape_data::safetensors;

use crate::check::Checked;
use crate::diagnose::{self, Sink};
use crate::graph::{Graph, NodeId, Recipe};
use crate::syntax::{Chain, Text};
use crate::unseen::visible;
use crate::words::nearest;
pub(crate) use convshape_data::safetensors::{Header, Tensor};

pub(crate) use self::problem::{ReadFailure, Stem, Unreadable, WeightsProblem};

/// For at most this many missing layers we search for similar names; nobody reads more.
const MOST_SEARCHES: usize = 12;

/// The file of a `weights` header.
#[derive(Debug)]
pub(crate) struct WeightsFile {
    /// Its path: the header's, relative to the folder of the crate's Cargo.toml.
    pub(crate) path: String,
    pub(crate) header: Header,
}

/// The file named by a checked chain. Problems are reported.
pub(crate) fn of(
    chain: &Chain,
    graph: &Graph,
    checked: &Checked,
    folder: &Path,
    sink: &mut Sink,
) -> Option<WeightsFile> {
    let text = chain.headers.weights.as_ref()?;
    match open(text, folder) {
        Err(unreadable) => {
            sink.push(diagnose::unreadable(&unreadable, text.span()));
            None
        }
        // If the chain's shapes are wrong, its weights will change once they are fixed.
        Ok(_) if sink.refused() => None,
        Ok(file) => {
            let mut problems = check(graph, checked, &file);
            if problems.is_empty() {
                match file.not_finite(graph, checked) {
                    Ok(found) => problems.extend(found),
                    Err(error) => {
                        let unreadable = Unreadable { path: file.path.into(), reason: ReadFailure::Io(error) };
                        sink.push(diagnose::unreadable(&unreadable, text.span()));
                        return None;
                    }
                }
            }
            // What holds for several layers is said once.
            let mut said = HashSet::new();
            for problem in by_width(problems) {
                sink.push(diagnose::weights(graph, checked, &problem, text.span()).without(&mut said));
            }
            Some(file)
        }
    }
}

/// Reads the header of a file, whose path is relative to the folder.
fn open(text: &Text, folder: &Path) -> Result<WeightsFile, Unreadable> {
    let path = folder.join(text.value());
    let path = std::path::absolute(&path).unwrap_or(path);
    match read(&path) {
        Ok(file) => Ok(file),
        Err(reason) => Err(Unreadable { path, reason }),
    }
}

fn read(path: &Path) -> Result<WeightsFile, ReadFailure> {
    // Checked before opening, because opening a pipe waits for its writer.
    let metadata = fs::metadata(path).map_err(ReadFailure::Io)?;
    if !metadata.is_file() {
        return Err(ReadFailure::NoFile);
    }
    let file = fs::File::open(path).map_err(ReadFailure::Io)?;
    let header = safetensors::read(file, metadata.len()).map_err(ReadFailure::Header)?;
    let path = path.to_str().ok_or(ReadFailure::NotUnicode)?.to_owned();
    Ok(WeightsFile { path, header })
}

/// A parameter whose shape the macro knows.
struct Wanted {
    /// Its name in files.
    name: String,
    /// The part of it after the layer's name.
    suffix: &'static str,
    shape: Vec<usize>,
}

/// The parameters of a layer, as far as the macro knows them.
fn wanted(graph: &Graph, checked: &Checked, node: NodeId) -> Vec<Wanted> {
    // If a number is hidden, const evaluation checks it.
    let own = !graph.nodes[node].unseen && graph.nodes[node].first_run.is_none();
    let Some(op) = checked.ops[node].filter(|_| own) else { return Vec::new() };
    let params = op.params();
    let known = params.iter().filter_map(|spec| {
        let shape = visible(&spec.shape);
        let sizes = shape.sizes().iter().map(|size| usize::try_from(size.number()?).ok());
        let name = format!("{}{}", graph.nodes[node].file_name, spec.suffix);
        Some(Wanted { name, suffix: spec.suffix, shape: sizes.collect::<Option<_>>()? })
    });
    known.collect()
}

/// Whether only const evaluation knows a layer's parameters.
fn is_deferred(graph: &Graph, checked: &Checked, node: NodeId) -> bool {
    let layer = &graph.nodes[node];
    match layer.recipe {
        _ if layer.first_run.is_some() => false,
        Recipe::Chain { .. } => true,
        Recipe::Port { .. } | Recipe::Param { .. } | Recipe::Same | Recipe::Again { .. } => false,
        _ => layer.unseen || graph.deferred() && checked.ops[node].is_none_or(|op| op.params().is_empty()),
    }
}

/// All mismatches, in the order of the layers.
fn check(graph: &Graph, checked: &Checked, file: &WeightsFile) -> Vec<WeightsProblem> {
    let layers: Vec<(NodeId, Vec<Wanted>)> = (0..graph.nodes.len())
        .map(|node| (node, wanted(graph, checked, node)))
        .filter(|(_, params)| !params.is_empty())
        .collect();
    let mut problems = Vec::new();
    let mut explained = Vec::new();
    for (part, nodes) in file.extra_parts(graph, &layers) {
        if let Some((node, params)) = layers.iter().find(|(node, _)| nodes.first() == Some(node)) {
            let tensor = (params[0].name.clone(), params[0].shape.clone());
            let stem = without_part(&graph.nodes[*node].file_name, &part).unwrap_or_default();
            let found = format!("{stem}{}", params[0].suffix);
            problems.push(WeightsProblem::ExtraPart { node: *node, part, tensor, found });
            explained.extend(nodes);
        }
    }
    let layers: Vec<_> = layers.into_iter().filter(|(node, _)| !explained.contains(node)).collect();
    let names: Vec<&str> = layers.iter().flat_map(|(_, params)| params).map(|param| param.name.as_str()).collect();
    if layers.len() > 1
        && problems.is_empty()
        && let Some(first) = names.first()
        && names.iter().all(|name| file.find(name).is_none())
    {
        return vec![file.nothing(first)];
    }
    let claimed: BTreeSet<&str> = graph.nodes.iter().map(|node| node.file_name.as_str()).collect();
    let mut seen = BTreeSet::new();
    for (node, params) in &layers {
        let mut found = Vec::new();
        let missing: Vec<&Wanted> = params.iter().filter(|param| file.find(&param.name).is_none()).collect();
        if !missing.is_empty() {
            let whole = missing.len() == params.len();
            // Each search reads all names.
            let search = whole && problems.len() < MOST_SEARCHES;
            let stem = if search { file.renamed(&graph.nodes[*node].file_name, &missing, &claimed) } else { None };
            let tensors = missing.iter().map(|param| (param.name.clone(), param.shape.clone())).collect();
            found.push(WeightsProblem::Missing { node: *node, tensors, whole, stem });
        }
        for param in params {
            let hint = |found: &[usize]| Hint::of(found, &param.shape, checked.ops[*node].as_ref()?);
            found.extend(file.fits(*node, param, hint));
        }
        // A mistake in one pass of a repeat often occurs in all, and is one mistake.
        if seen.insert((without_turns(&graph.nodes[*node].name), found.len())) {
            problems.append(&mut found);
        }
    }
    problems
}

/// Joins the problems of all tensors that have the same wrong width, such as 32 where 16 is expected, into one.
fn by_width(problems: Vec<WeightsProblem>) -> Vec<WeightsProblem> {
    let mut kept: Vec<WeightsProblem> = Vec::new();
    for problem in problems {
        let width = problem.width();
        match (kept.iter_mut().find(|first| width.is_some() && first.width() == width), problem) {
            (Some(WeightsProblem::Shape { also, .. }), WeightsProblem::Shape { name, .. }) => also.push(name),
            (_, problem) => kept.push(problem),
        }
    }
    kept
}

/// The name of a layer in any pass of a repeat: `blocks.#.c`.
fn without_turns(name: &str) -> String {
    let turn = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').map(|part| if turn(part) { "#" } else { part }).collect::<Vec<_>>().join(".")
}

/// The separator between the parts of a name in files.
fn separator(name: &str) -> char {
    if name.contains('/') { '/' } else { '.' }
}

/// A layer's name in files without one of the prefixes around the layer: `layer1.0.conv1` for `layer1.0.basic1.conv1`.
fn without_part(name: &str, part: &str) -> Option<String> {
    let separator = separator(name);
    let (around, last) = name.rsplit_once(separator)?;
    let mut parts: Vec<&str> = around.split(separator).collect();
    parts.remove(parts.iter().position(|other| *other == part)?);
    parts.push(last);
    Some(parts.join(separator.encode_utf8(&mut [0; 4])))
}

/// A parameter in a file.
pub(crate) enum StoredParam<'a> {
    Whole((&'a String, &'a Tensor)),
    /// With PyTorch's weight norm: length and direction.
    Normed([(&'a String, &'a Tensor); 2]),
}

impl WeightsFile {
    /// A parameter by its name.
    fn find(&self, name: &str) -> Option<StoredParam<'_>> {
        let tensor = |name: &str| self.header.tensors.get_key_value(name);
        if let Some(whole) = tensor(name) {
            return Some(StoredParam::Whole(whole));
        }
        let layer = name.strip_suffix("weight")?;
        WEIGHT_NORM.iter().find_map(|(length, direction)| {
            let parts = [tensor(&format!("{layer}{length}"))?, tensor(&format!("{layer}{direction}"))?];
            Some(StoredParam::Normed(parts))
        })
    }

    /// The tensors that a checked chain uses. If the macro does not know the parameters, all that may belong to the
    /// layer or sub-chain.
    pub(crate) fn tensors(&self, graph: &Graph, checked: &Checked) -> BTreeMap<&String, &Tensor> {
        let mut tensors = BTreeMap::new();
        for node in 0..graph.nodes.len() {
            for param in wanted(graph, checked, node) {
                match self.find(&param.name) {
                    Some(StoredParam::Whole(tensor)) => tensors.extend([tensor]),
                    Some(StoredParam::Normed(parts)) => tensors.extend(parts),
                    None => {}
                }
            }
            if is_deferred(graph, checked, node) {
                let name = &graph.nodes[node].file_name;
                let behind = self.header.tensors.range(name.clone()..).take_while(|(other, _)| other.starts_with(name));
                let inside = behind.filter(|(other, _)| other[name.len()..].starts_with(['.', '/']));
                tensors.extend(inside.filter(|(_, tensor)| is_float(tensor)));
            }
        }
        tensors
    }

    /// The first element of the chain's tensors that is infinite or NaN.
    fn not_finite(&self, graph: &Graph, checked: &Checked) -> io::Result<Option<WeightsProblem>> {
        let mut file = fs::File::open(&self.path)?;
        for (name, tensor) in self.tensors(graph, checked) {
            let (start, end) = tensor.bytes;
            file.seek(SeekFrom::Start(self.header.end.saturating_add(start)))?;
            let mut bytes = Vec::new();
            (&mut file).take(end.saturating_sub(start)).read_to_end(&mut bytes)?;
            let Some((place, value)) = first_not_finite(&tensor.dtype, &bytes) else { continue };
            let nodes = 0..graph.nodes.len();
            let node = nodes.filter(|node| name.starts_with(&graph.nodes[*node].file_name));
            let Some(node) = node.max_by_key(|node| graph.nodes[*node].file_name.len()) else { continue };
            let index = index_of(place, &tensor.shape);
            return Ok(Some(WeightsProblem::NotFinite { node, name: name.clone(), index, value }));
        }
        Ok(None)
    }

    fn nothing(&self, first: &str) -> WeightsProblem {
        const SOME: usize = 4;
        let behind = format!(".{first}");
        let prefix = self.header.tensors.keys().find_map(|name| name.strip_suffix(&behind));
        WeightsProblem::Nothing {
            expected: first.to_owned(),
            found: self.header.tensors.keys().take(SOME).cloned().collect(),
            more: self.header.tensors.len().saturating_sub(SOME),
            prefix: prefix.map(|prefix| format!("{prefix}.")),
        }
    }

    /// Whether a layer of the file has all these parameters with the same shapes.
    fn has_all<'a>(&self, stem: &str, mut params: impl Iterator<Item = &'a Wanted>) -> bool {
        params.all(|param| match self.find(&format!("{stem}{}", param.suffix)) {
            Some(StoredParam::Whole((_, tensor)) | StoredParam::Normed([_, (_, tensor)])) => {
                is_stored_as(&tensor.shape, &param.shape)
            }
            None => false,
        })
    }

    /// Parts of names that the file does not have, each with its layers. There are at least two layers, and the file
    /// has all of them under the name without the part.
    fn extra_parts(&self, graph: &Graph, layers: &[(NodeId, Vec<Wanted>)]) -> Vec<(String, Vec<NodeId>)> {
        let mut parts: Vec<(String, Vec<NodeId>, bool)> = Vec::new();
        for (node, params) in layers {
            let name = &graph.nodes[*node].file_name;
            let Some((around, _)) = name.rsplit_once(separator(name)) else { continue };
            let is_name = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
            for part in around.split(separator(name)).filter(is_name).collect::<BTreeSet<&str>>() {
                let missing = params.iter().all(|param| self.find(&param.name).is_none());
                let fits = missing && without_part(name, part).is_some_and(|stem| self.has_all(&stem, params.iter()));
                match parts.iter_mut().find(|(other, ..)| other == part) {
                    Some((_, nodes, all_fit)) => {
                        nodes.push(*node);
                        *all_fit &= fits;
                    }
                    None => parts.push((part.to_owned(), vec![*node], fits)),
                }
            }
        }
        let is_extra = |(_, nodes, all_fit): &(String, Vec<NodeId>, bool)| *all_fit && nodes.len() > 1;
        parts.into_iter().filter(is_extra).map(|(part, nodes, _)| (part, nodes)).collect()
    }

    /// A layer of the file that no other name claims and that has everything missing in the same shapes, or otherwise a
    /// similar name.
    fn renamed(&self, file_name: &str, missing: &[&Wanted], claimed: &BTreeSet<&str>) -> Option<Stem> {
        let fits = |stem: &str| self.has_all(stem, missing.iter().copied());
        let stem = |name| missing.iter().find_map(|param| str::strip_suffix(name, param.suffix));
        let stems: BTreeSet<&str> = self.header.tensors.keys().filter_map(|name| stem(name)).collect();
        let (fitting, others): (Vec<&str>, Vec<&str>) =
            stems.into_iter().filter(|stem| !claimed.contains(stem)).partition(|stem| fits(stem));
        let behind = format!(".{file_name}");
        let similar = |stems: &[&str]| {
            let suffixed = stems.iter().find(|stem| stem.ends_with(&behind)).map(|stem| (*stem).to_owned());
            suffixed.or_else(|| nearest(file_name, stems.iter().map(|stem| (*stem).to_owned())))
        };
        let found = match fitting.as_slice() {
            [only] => Some((*only).to_owned()),
            several => similar(several),
        };
        let found = found.map(|name| Stem { name, fits: true });
        found.or_else(|| Some(Stem { name: similar(&others)?, fits: false }))
    }

    /// Type and shape.
    fn fits(&self, node: NodeId, param: &Wanted, hint: impl Fn(&[usize]) -> Option<Hint>) -> Vec<WeightsProblem> {
        let parts = match self.find(&param.name) {
            None => Vec::new(),
            Some(StoredParam::Whole(tensor)) => vec![(tensor, param.shape.clone())],
            Some(StoredParam::Normed([length, direction])) => {
                let lengths = match length_stride(&length.1.shape, &param.shape) {
                    Some(_) => length.1.shape.clone(),
                    None => param.shape.iter().take(1).copied().chain(param.shape.iter().skip(1).map(|_| 1)).collect(),
                };
                vec![(direction, param.shape.clone()), (length, lengths)]
            }
        };
        let problem = |((name, tensor), expected): ((&String, &Tensor), Vec<usize>)| {
            let name = name.clone();
            if !is_float(tensor) {
                return Some(WeightsProblem::Dtype { node, name, found: tensor.dtype.clone() });
            }
            let hint = (expected == param.shape).then(|| hint(&tensor.shape)).flatten();
            (!is_stored_as(&tensor.shape, &expected)).then(|| WeightsProblem::Shape {
                node,
                name,
                found: tensor.shape.clone(),
                expected,
                hint,
                also: Vec::new(),
            })
        };
        parts.into_iter().filter_map(problem).collect()
    }
}

/// The first element that is infinite or NaN, or becomes so as `f32`.
fn first_not_finite(dtype: &str, bytes: &[u8]) -> Option<(usize, f64)> {
    match dtype {
        "F32" => {
            bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).enumerate().find(is_wild)
        }
        "F64" => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).enumerate().find(is_wild),
        "BF16" => bytes.as_chunks().0.iter().map(|bytes| bfloat(u16::from_le_bytes(*bytes))).enumerate().find(is_wild),
        "F16" => bytes.as_chunks().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).enumerate().find(is_wild),
        _ => None,
    }
}

fn is_wild((_, value): &(usize, f64)) -> bool {
    value.is_nan() || value.abs() > f64::from(f32::MAX)
}

fn bfloat(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

/// A half-precision number if it is infinite or NaN, otherwise 0.
fn half(bits: u16) -> f64 {
    match (bits & 0x7c00 == 0x7c00, bits & 0x03ff, bits >> 15) {
        (false, ..) => 0.0,
        (true, 0, 0) => f64::INFINITY,
        (true, 0, _) => f64::NEG_INFINITY,
        (true, ..) => f64::NAN,
    }
}

/// An element's index on each axis.
fn index_of(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut left = place;
    let mut index: Vec<usize> = Vec::new();
    for size in shape.iter().rev() {
        let size = (*size).max(1);
        index.push(left % size);
        left /= size;
    }
    index.reverse();
    index
}

/// Whether a tensor's element type can be converted.
fn is_float(tensor: &Tensor) -> bool {
    matches!(tensor.dtype.as_str(), "F32" | "F64" | "F16" | "BF16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_width_is_one_problem() {
        let shape = |name: &str, expected: &[usize], found: &[usize]| WeightsProblem::Shape {
            node: 0,
            name: name.to_owned(),
            found: found.to_vec(),
            expected: expected.to_vec(),
            hint: None,
            also: Vec::new(),
        };
        let problems = vec![
            shape("a.weight", &[16, 3, 3, 3], &[32, 3, 3, 3]),
            shape("a.bias", &[16], &[32]),
            shape("b.weight", &[64, 16, 3, 3], &[64, 32, 3, 3]),
            shape("c.weight", &[10, 64], &[12, 64]),
            shape("d.weight", &[16, 8], &[32, 9]),
        ];
        let kept = by_width(problems);
        let names = kept.iter().map(|problem| match problem {
            WeightsProblem::Shape { name, also, .. } => (name.as_str(), also.len()),
            _ => ("", 0),
        });
        assert_eq!(names.collect::<Vec<_>>(), [("a.weight", 2), ("c.weight", 0), ("d.weight", 0)]);
    }

    #[test]
    fn elements_of_every_type_are_looked_at() {
        for (dtype, good, bad) in [
            ("F32", [0.0_f32, -1.5, 65504.0].map(f32::to_le_bytes).concat(), f32::NAN.to_le_bytes().to_vec()),
            ("F64", [0.0_f64, -1.5, 65504.0].map(f64::to_le_bytes).concat(), 1e39_f64.to_le_bytes().to_vec()),
            ("F16", [0_u16, 0xbe00, 0x7bff].map(u16::to_le_bytes).concat(), 0xfc00_u16.to_le_bytes().to_vec()),
            ("BF16", [0_u16, 0xbfc0, 0x477f].map(u16::to_le_bytes).concat(), 0x7fc0_u16.to_le_bytes().to_vec()),
        ] {
            assert_eq!(first_not_finite(dtype, &good), None, "{dtype}");
            let found = first_not_finite(dtype, &[good, bad].concat());
            assert_eq!(found.map(|(place, _)| place), Some(3), "{dtype}");
        }
        assert_eq!(index_of(7, &[2, 2, 3]), [1, 0, 1]);
    }
}
