//! Commands, options, exit statuses and messages.

use crate::run::wardtap;

#[test]
fn help_and_version_are_no_failure() {
    let help = wardtap(&["--help"]).expect(0);
    assert!(help.stdout.contains("Exit status:") && help.stderr.is_empty());
    let version = wardtap(&["--version"]).expect(0);
    assert_eq!(version.stdout, format!("wardtap {}\n", env!("CARGO_PKG_VERSION")));
}
