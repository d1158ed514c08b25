//! The cache in which the fast path keeps a model's packed weights and plans. The model does not depend on its
//! contents.

#[cfg(feature = "std")]
pub use self::kept::Cache;
#[cfg(feature = "std")]
pub(crate) use self::kept::Keep;

/// Without the standard library every chain uses the reference implementation, and nothing is cached.
#[cfg(not(feature = "std"))]
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Cache;

#[cfg(feature = "std")]
mod kept {
    use std::any::Any;
    use std::boxed::Box;
    use std::fmt;
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::OnceLock;

    /// A cache that is kept with a model.
    pub(crate) trait Keep: Any + Send + Sync + UnwindSafe + RefUnwindSafe {
        /// What a clone of the model starts with.
        fn for_clone(&self) -> Box<dyn Keep>;
    }

    /// A model's cache. All caches compare as equal.
    #[derive(Default)]
    pub struct Cache(OnceLock<Box<dyn Keep>>);

    impl Cache {
        /// The cache, created when it is first needed.
        pub(crate) fn get<T: Keep + Default>(&self) -> &T {
            let kept: &dyn Any = &**self.0.get_or_init(|| Box::new(T::default()));
            kept.downcast_ref().expect("a cache keeps one type")
        }
    }

    impl Clone for Cache {
        fn clone(&self) -> Cache {
            let clone = Cache::default();
            if let Some(kept) = self.0.get() {
                clone.0.get_or_init(|| kept.for_clone());
            }
            clone
        }
    }

    impl PartialEq for Cache {
        fn eq(&self, _: &Cache) -> bool {
            true
        }
    }

    impl fmt::Debug for Cache {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Cache")
        }
    }
}
