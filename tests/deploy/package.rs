//! The Debian package: the files that it names exist, or are made by its build.

use super::text;
use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

#[test]
fn every_file_of_the_package_exists_or_is_made_by_its_build() {
    let build = text("deploy/debian/build.sh");
    let manifest = Figment::from(Toml::file_exact("Cargo.toml"));
    let assets: Vec<[String; 3]> = manifest.extract_inner("package.metadata.deb.assets").unwrap();
    for [source, target, _] in &assets {
        let is_made = match source.strip_prefix("target/deb/") {
            Some(made) => build.contains(&format!("$files/{}", made.trim_end_matches("/*"))),
            None if source.starts_with("target/release/") => {
                build.contains("cargo build --profile dist")
            }
            None => Path::new(source.trim_end_matches("/*.md")).exists(),
        };
        assert!(is_made, "{source} is not made");
        assert!(!target.starts_with('/'), "{target}");
    }
    let conf_files: Vec<String> =
        manifest.extract_inner("package.metadata.deb.conf-files").unwrap();
    assert_eq!(conf_files, ["/etc/madang/madang.toml"]);
    assert!(assets.iter().any(|[_, target, _]| target == "etc/madang/"));
    let service = text("deploy/debian/madang.service");
    assert_eq!(service, text("deploy/systemd/madang.service"));
}

#[test]
fn the_scripts_of_the_package_can_be_run() {
    for script in ["build.sh", "postinst", "postrm"] {
        let path = Path::new("deploy/debian").join(script);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
        assert!(text(&path).starts_with("#!/bin/sh\n# "), "{script}");
    }
}
