//! `import`: a chain from an ONNX file.

mod verify;

use std::fs;
use std::io::Write;
use std::path::Path;

use convshape_onnx::{ImportError, Importer};

use crate::check::is_error;
use crate::report::{Unusable, replace};
use crate::source::Source;
use crate::{Outcome, complain};

/// Writes a chain and its weights; with `verify`, only after comparing with onnxruntime.
pub(crate) fn run(
    out: &mut impl Write,
    model: &Path,
    name: &str,
    folder: &Path,
    sizes: Vec<(String, i64)>,
    verify: bool,
) -> Outcome {
    let importer = sizes.iter().fold(Importer::new(name), |importer, (size, number)| importer.size(size, *number));
    let imported = match importer.file(model) {
        Ok(imported) => imported,
        Err(error @ ImportError::Inexpressible(_)) => {
            complain(&format!("{}: {error}", model.display()));
            return Ok(false);
        }
        Err(error @ ImportError::OpenSizes { .. }) => {
            complain(&format!("{}: {error}; give numbers with `--size NAME=NUMBER`", model.display()));
            return Ok(false);
        }
        Err(error) => return Err(Unusable::new(model, error).into()),
    };
    let stem = snake(name);
    let (code, weights) = (folder.join(format!("{stem}.rs")), folder.join(format!("{stem}.safetensors")));
    // A chain that does not compile is not written.
    let source = Source::read(&code, imported.source)?;
    let findings = source.chains.iter().flat_map(|chain| &chain.inspection.findings);
    if let Some(finding) = findings.clone().find(|finding| is_error(finding)) {
        let text = format!("its chain would not compile: [{}] {}", finding.code, finding.message);
        return Err(Unusable::new(model, text).into());
    }
    for chain in source.chains.iter().filter(|_| verify) {
        let differences = verify::differences(model, chain, &imported.weights, &sizes)?;
        for difference in &differences {
            writeln!(out, "{difference}")?;
        }
        if !differences.iter().all(verify::Difference::is_small) {
            complain("nothing was written");
            return Ok(false);
        }
    }
    fs::create_dir_all(folder).map_err(|error| Unusable::new(folder, error))?;
    replace(&weights, &imported.weights).map_err(|error| Unusable::new(&weights, error))?;
    replace(&code, source.text.as_bytes()).map_err(|error| Unusable::new(&code, error))?;
    writeln!(out, "{} and {}", code.display(), weights.display())?;
    Ok(true)
}

/// `height=224`
pub(crate) fn size(text: &str) -> Result<(String, i64), String> {
    let size = text.rsplit_once('=').and_then(|(name, number)| Some((name.to_owned(), number.parse().ok()?)));
    size.ok_or_else(|| "expected NAME=NUMBER".to_owned())
}

/// `ResNet50` as a file name: `res_net50`; a word in capitals stays one word.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (place, letter) in letters.iter().enumerate() {
        let after_small = place > 0 && !letters[place - 1].is_uppercase() && letters[place - 1] != '_';
        if letter.is_uppercase() && after_small {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
