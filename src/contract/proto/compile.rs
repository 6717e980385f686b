//! The descriptors of the files, as a compiler of protobuf makes them.

use super::{GENERIC, GENERIC_NAME, ProtoFile};
use prost_reflect::DescriptorPool;
use protox::{
    Compiler, Error,
    file::{File, FileResolver, GoogleFileResolver},
};
use std::collections::HashMap;

/// The files by their names.
struct Sources(HashMap<String, String>);

/// Compiles the file of the generic service and these files.
///
/// # Errors
/// When a file is not valid: two names of a message or a service are the same in protobuf, or two
/// fields of a message have the same number. The sentence names the file and the line.
pub fn compiled(files: &[ProtoFile]) -> Result<DescriptorPool, String> {
    let sources = files.iter().map(|file| (file.name.clone(), file.text.clone()));
    let generic = (GENERIC_NAME.to_owned(), GENERIC.to_owned());
    let mut compiler = Compiler::with_file_resolver(Sources(sources.chain([generic]).collect()));
    let names = files.iter().map(|file| file.name.as_str());
    let opened = compiler.open_files([GENERIC_NAME].into_iter().chain(names));
    // The form for debugging has the place, too.
    opened.map(|compiler| compiler.descriptor_pool()).map_err(|error| format!("{error:?}"))
}

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        match self.0.get(name) {
            Some(text) => File::from_source(name, text),
            None => GoogleFileResolver::new().open_file(name),
        }
    }
}
