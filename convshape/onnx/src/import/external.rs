//! Weights stored in other files of the model's folder, as PyTorch's exporter does by default.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use crate::proto::{Graph, TensorProto};

/// How many times the bytes of a file may be read: several tensors may share elements.
const MOST_TIMES: u64 = 4;

/// The most bytes that are read from other files: 16 GiB.
const MAX_BYTES: u64 = 1 << 34;

/// Reads the elements of all tensors of a graph that are in files of `folder`.
///
/// # Errors
/// If a file is not in the folder, or does not have the bytes of a tensor.
pub(super) fn read(graph: &mut Graph, folder: &Path) -> Result<(), String> {
    let mut files = Files { folder, open: HashMap::new(), left: MAX_BYTES };
    let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
    for tensor in attributes.filter_map(|attribute| attribute.t.as_mut()).chain(&mut graph.initializer) {
        if is_external(tensor) {
            let bytes = files.bytes(tensor).map_err(|reason| format!("the numbers of `{}`: {reason}", tensor.name))?;
            tensor.raw_data = bytes.into();
            tensor.data_location = 0;
            tensor.external_data.clear();
        }
    }
    Ok(())
}

/// Whether the elements of a tensor are in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == 1 || !tensor.external_data.is_empty()
}

/// The opened files of a folder.
struct Files<'a> {
    folder: &'a Path,
    open: HashMap<String, Data>,
    /// How many more bytes may be read.
    left: u64,
}

struct Data {
    file: File,
    /// In bytes.
    size: u64,
    /// How many more bytes may be read.
    left: u64,
}

impl Files<'_> {
    fn bytes(&mut self, tensor: &TensorProto) -> Result<Vec<u8>, String> {
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let number = |key: &str| match entry(key) {
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| format!("`{text}` is no {key}")),
            None => Ok(None),
        };
        let location = entry("location").ok_or("the file that has them is not named")?;
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        if !self.open.contains_key(location) {
            let data = Data::open(self.folder, location).map_err(|reason| format!("`{location}` {reason}"))?;
            self.open.insert(location.clone(), data);
        }
        let data = self.open.get_mut(location).ok_or("the file is not open")?;
        let rest = data.size.checked_sub(offset).ok_or_else(|| format!("`{location}` ends before byte {offset}"))?;
        let length = length.unwrap_or(rest);
        if length > rest {
            return Err(format!("`{location}` has {rest} bytes from byte {offset} on, they take {length}"));
        }
        data.left = data.left.checked_sub(length).ok_or_else(|| format!("`{location}` is read too often"))?;
        self.left = self.left.checked_sub(length).ok_or("the files are larger than memory")?;
        let mut bytes = Vec::new();
        let read =
            data.file.seek(SeekFrom::Start(offset)).and_then(|_| (&mut data.file).take(length).read_to_end(&mut bytes));
        match read {
            Ok(count) if count as u64 == length => Ok(bytes),
            Ok(_) => Err(format!("`{location}` became shorter")),
            Err(error) => Err(format!("`{location}`: {error}")),
        }
    }
}

impl Data {
    fn open(folder: &Path, location: &str) -> Result<Data, String> {
        let path = Path::new(location);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let leaves = || "is not in the folder of the model".to_owned();
        if location.is_empty() || !is_inside {
            return Err(leaves());
        }
        let real = |path: PathBuf| fs::canonicalize(path).map_err(|error| format!("cannot be read: {error}"));
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // A link may lead outside the folder.
        let path = real(folder.join(path))?;
        if !path.starts_with(real(folder.to_owned())?) {
            return Err(leaves());
        }
        if !fs::metadata(&path).is_ok_and(|found| found.is_file()) {
            return Err("is no file".to_owned());
        }
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let size = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
        Ok(Data { file, size, left: size.saturating_mul(MOST_TIMES) })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use crate::proto::{Entry, Model};
    use crate::{import, import_file};

    use super::*;

    const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imported/layers.onnx");

    /// A folder for a test, and the model with its elements in `data/weights` there.
    fn moved(name: &str) -> (PathBuf, Model) {
        let folder = std::env::temp_dir().join(format!("convshape-external-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("data")).expect("a folder");
        let mut model = Model::decode(&*fs::read(MODEL).expect("a file")).expect("a model");
        let mut weights = Vec::new();
        for tensor in &mut model.graph.as_mut().expect("a graph").initializer {
            let place = [weights.len(), tensor.raw_data.len()].map(|number| number.to_string());
            weights.extend_from_slice(&tensor.raw_data);
            tensor.raw_data.clear();
            tensor.data_location = 1;
            let [offset, length] = place;
            let entry = |(key, value): (&str, String)| Entry { key: key.to_owned(), value };
            let entries = [("location", "data/weights".to_owned()), ("offset", offset), ("length", length)];
            tensor.external_data = entries.map(entry).to_vec();
        }
        fs::write(folder.join("data/weights"), weights).expect("a file");
        (folder, model)
    }

    /// The error for a model after a change of the position of its first elements.
    fn refused(folder: &Path, model: &Model, key: &str, value: &str) -> String {
        let mut changed = model.clone();
        let tensor = &mut changed.graph.as_mut().expect("a graph").initializer[0];
        for entry in tensor.external_data.iter_mut().filter(|entry| entry.key == key) {
            value.clone_into(&mut entry.value);
        }
        let path = folder.join("changed.onnx");
        fs::write(&path, changed.encode_to_vec()).expect("a file");
        import_file(&path, "Net").expect_err("it is wrong").to_string()
    }

    #[test]
    fn numbers_in_another_file_are_read() {
        let (folder, model) = moved("read");
        let path = folder.join("model.onnx");
        fs::write(&path, model.encode_to_vec()).expect("a file");
        let (found, expected) =
            (import_file(&path, "Net").expect("it has all"), import_file(MODEL, "Net").expect("too"));
        assert!(found.source == expected.source && found.weights == expected.weights);
        let alone = import(&model.encode_to_vec(), "Net").expect_err("the file is not given").to_string();
        assert!(alone.contains("`import_file`"), "{alone}");
        fs::remove_dir_all(folder).expect("the folder");
    }

    #[test]
    fn hostile_places_are_refused() {
        let (folder, model) = moved("hostile");
        for place in ["../weights", "/etc/passwd", "data/../../weights", "", "data", "nothing"] {
            let text = refused(&folder, &model, "location", place);
            let known = ["is not in the folder", "is no file", "cannot be read"];
            assert!(known.iter().any(|reason| text.contains(reason)), "{place}: {text}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).expect("a link");
            assert!(refused(&folder, &model, "location", "link").contains("is not in the folder"));
        }
        for (key, value) in [("offset", "99999999999999999999"), ("offset", "-1"), ("length", "x")] {
            assert!(refused(&folder, &model, key, value).contains(&format!("`{value}` is no {key}")));
        }
        assert!(refused(&folder, &model, "offset", "18446744073709551615").contains("ends before byte"));
        assert!(refused(&folder, &model, "length", "18446744073709551615").contains("has "));
        assert!(refused(&folder, &model, "length", "1").starts_with("not an ONNX model"));
        fs::remove_dir_all(folder).expect("the folder");
    }
}
