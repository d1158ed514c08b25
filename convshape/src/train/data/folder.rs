//! Images in folders, one folder per class.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use ndarray::{Array3, arr0};

use super::{DataError, Dataset, Pass, Sample};
use crate::train::Context;
use crate::weights::files;

/// Images with one folder per class, as in `torchvision.datasets.ImageFolder`: `ROOT/cat/1.png`. Classes are numbered
/// in the order of their names, samples in the order of classes and names.
///
/// A sample is read on demand: `[channels, height, width]` with values in `0.0..=1.0`, and its class index. There are
/// three channels, red, green and blue, or with [`ImageFolder::grey`] one. PNG and JPEG files are read, recognised by
/// their first bytes. Other files, and names that begin with a dot, are skipped.
///
/// ```no_run
/// use convshape::train::data::{Dataset, ImageFolder, Loader};
///
/// # fn main() -> Result<(), convshape::train::DataError> {
/// let images = ImageFolder::open("flowers/train")?.resized(64, 64);
/// println!("{} images of {:?}", images.len(), images.classes());
/// for batch in Loader::new(&images, 32).shuffled(1).epoch(0) {
///     assert_eq!(batch?.inputs[0].shape()[1..], [3, 64, 64]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ImageFolder {
    classes: Vec<String>,
    samples: Vec<(PathBuf, usize)>,
    grey: bool,
    channels_last: bool,
    size: Option<(u32, u32)>,
}

/// Extensions of images, in lower case.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];
/// The largest side of an image, in pixels, and the most memory that its decoder may use, in bytes.
const MOST_PIXELS: u32 = 1 << 16;
const MOST_BYTES: u64 = 1 << 29;

impl ImageFolder {
    /// Lists the images. None is read yet.
    ///
    /// # Errors
    /// If a folder cannot be read, there are no class folders, or one of them has no image.
    pub fn open(root: impl AsRef<Path>) -> Result<ImageFolder, DataError> {
        let root = root.as_ref();
        let folders: Vec<PathBuf> = entries(root)?.into_iter().filter(|path| path.is_dir()).collect();
        if folders.is_empty() {
            let why = "found no folder, expected one for each class".into();
            return Err(DataError::Folder { path: root.to_owned(), why });
        }
        let (mut classes, mut samples) = (Vec::new(), Vec::new());
        for folder in folders {
            let images = entries(&folder)?.into_iter().filter(|path| path.is_file() && is_image(path));
            let before = samples.len();
            samples.extend(images.map(|path| (path, classes.len())));
            if samples.len() == before {
                let why = format!("found no image, expected files that end in {}", EXTENSIONS.join(", "));
                return Err(DataError::Folder { path: folder, why });
            }
            classes.push(folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
        }
        Ok(ImageFolder { classes, samples, grey: false, channels_last: false, size: None })
    }

    /// Reads one grey channel instead of red, green and blue.
    #[must_use]
    pub fn grey(self) -> ImageFolder {
        ImageFolder { grey: true, ..self }
    }

    /// Resizes all images to one size with a linear filter.
    #[must_use]
    pub fn resized(self, height: u32, width: u32) -> ImageFolder {
        ImageFolder { size: Some((height, width)), ..self }
    }

    /// Puts the channels where a chain has them: last in the dialects `flax` and `keras` (`Context::of::<Model>()`).
    #[must_use]
    pub fn for_chain(self, context: &Context) -> ImageFolder {
        ImageFolder { channels_last: context.channels_last, ..self }
    }

    /// The names of the classes, in the order of their indices.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The class index of each sample, as [`Split::by_class`](super::Split::by_class) takes them.
    #[must_use]
    pub fn labels(&self) -> Vec<usize> {
        self.samples.iter().map(|(_, class)| *class).collect()
    }

    /// The file of a sample.
    #[must_use]
    pub fn path(&self, index: usize) -> Option<&Path> {
        self.samples.get(index).map(|(path, _)| path.as_path())
    }

    fn read(&self, path: &Path) -> Result<Array3<f32>, DataError> {
        let failed = |error: io::Error| DataError::Read { path: path.to_owned(), error };
        let image = decode(path).map_err(failed)?;
        let image = match self.size {
            Some((0, _) | (_, 0)) => {
                return Err(DataError::Change(format!("images cannot be resized to {:?}", self.size)));
            }
            Some((height, width)) if (height, width) != (image.height(), image.width()) => {
                image.resize_exact(width, height, FilterType::Triangle)
            }
            _ => image,
        };
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (channels, values) =
            if self.grey { (1, image.to_luma32f().into_raw()) } else { (3, image.into_rgb32f().into_raw()) };
        let array = Array3::from_shape_vec((height, width, channels), values).map_err(DataError::other)?;
        Ok(if self.channels_last { array } else { array.permuted_axes([2, 0, 1]).as_standard_layout().into_owned() })
    }
}

impl Dataset for ImageFolder {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn sample(&self, index: usize, _: Pass) -> Result<Sample, DataError> {
        let samples = self.samples.len();
        let (path, class) = self.samples.get(index).ok_or(DataError::Index { index, samples })?;
        Ok(Sample::new(self.read(path)?, arr0(*class as f32)))
    }
}

/// Reads an image and applies its orientation tag.
fn decode(path: &Path) -> io::Result<DynamicImage> {
    let mut reader = ImageReader::new(BufReader::new(files::open(path)?)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoded = reader.into_decoder().and_then(|mut decoder| {
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok(image)
    });
    decoded.map_err(io::Error::other)
}

/// The contents of a folder, sorted by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |error| DataError::Read { path: folder.to_owned(), error };
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()
        .map_err(failed)?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&&*extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use image::{Rgb, RgbImage};

    /// A new folder with images of two classes.
    fn folder(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("convshape-images-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for (path, size, colour) in [("b/2.png", (3, 2), 51), ("b/10.PNG", (3, 2), 102), ("a/x.png", (3, 2), 255)] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            RgbImage::from_pixel(size.0, size.1, Rgb([colour, 0, 0])).save(path).unwrap();
        }
        fs::write(root.join("a/notes.txt"), "no image").unwrap();
        fs::write(root.join("a/.hidden.png"), "no image").unwrap();
        fs::create_dir_all(root.join(".cache")).unwrap();
        root
    }

    #[test]
    fn images_have_the_class_of_their_folder() {
        let root = folder("classes");
        let images = ImageFolder::open(&root).unwrap();
        assert_eq!((images.classes(), images.labels()), (&["a".to_owned(), "b".to_owned()][..], [0, 1, 1].into()));
        assert!(images.path(1).unwrap().ends_with("b/10.PNG"));
        let batch = images.batch(&[2, 0]).unwrap();
        assert_eq!((batch.inputs[0].shape(), batch.targets[0].as_slice()), (&[2, 3, 2, 3][..], Some(&[1.0, 0.0][..])));
        assert_eq!([batch.inputs[0][[0, 0, 1, 2]], batch.inputs[0][[0, 1, 1, 2]]], [0.2, 0.0]);
        let last = Context { channels_last: true, ..Context::default() };
        let shape = |images: ImageFolder| images.batch(&[0]).unwrap().inputs[0].shape().to_vec();
        assert_eq!(shape(images.clone().for_chain(&last)), [1, 2, 3, 3]);
        assert_eq!(shape(images.clone().grey().resized(5, 4)), [1, 1, 5, 4]);
        assert!(images.resized(0, 4).batch(&[0]).is_err());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_is_no_image_is_named() {
        let root = folder("damage");
        let text = |error: DataError| error.to_string().replace(&root.display().to_string(), "ROOT");
        // A PNG that claims to be larger than memory, a damaged one, and a file that is not an image.
        let whole = fs::read(root.join("b/2.png")).unwrap();
        let mut huge = whole.clone();
        huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        for bytes in [&huge[..], &whole[..whole.len() / 2], b"no image", b""] {
            fs::write(root.join("b/2.png"), bytes).unwrap();
            let error = text(ImageFolder::open(&root).unwrap().batch(&[0, 2]).unwrap_err());
            assert!(error.starts_with("sample 2: ROOT/b/2.png: "), "{error}");
        }
        RgbImage::new(3, 4).save(root.join("b/2.png")).unwrap();
        let error = text(ImageFolder::open(&root).unwrap().batch(&[0, 2]).unwrap_err());
        let expected = "sample 2: input 0 has the shape [3, 4, 3], that of sample 0 in the same batch has [3, 2, 3]";
        assert_eq!(error, expected);
        fs::create_dir(root.join("empty")).unwrap();
        let error = text(ImageFolder::open(&root).unwrap_err());
        assert_eq!(error, "ROOT/empty: found no image, expected files that end in png, jpg, jpeg");
        let error = text(ImageFolder::open(root.join("empty")).unwrap_err());
        assert_eq!(error, "ROOT/empty: found no folder, expected one for each class");
        assert!(text(ImageFolder::open(root.join("absent")).unwrap_err()).starts_with("ROOT/absent: "));
        fs::remove_dir_all(root).unwrap();
    }
}
