//! Settings come from flags, then from the environment, then from the profile, then from the defaults.

use crate::harness::{Project, Ran, Running, Server};

/// A project whose profile has the account of a server, password and key as given.
fn with_profile(server: &Server, password: &str, key: &str) -> Project {
    let project = Project::new();
    project.write("password", password);
    project.write("key", key);
    let url = server.url();
    project.write(
        "ticketload.toml",
        format!(
            "[profile.default]\nserver_url = \"{url}\"\nusername = \"sandbox\"\npassword_file = \"password\"\n\
             key_file = \"key\"\n"
        ),
    );
    project
}

/// Runs a command with some variables in its environment.
fn run_with(project: &Project, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = project.command(args);
    command.envs(variables.iter().copied());
    Running::start(command).end()
}

#[test]
fn a_secret_in_the_environment_goes_before_the_profiles_file_and_behind_the_flags() {
    let server = Server::new();
    let project = with_profile(&server, "an old password", "an old key");
    project.run(&["check"]).exits(4);
    let right = [
        ("TICKETLOAD_PASSWORD", "sandbox password"),
        ("TICKETLOAD_KEY", "sandbox key"),
    ];
    run_with(&project, &right, &["check"]).exits(0);
    run_with(&project, &right, &["check", "--password-file", "password"]).exits(4);
    run_with(&project, &right, &["check", "--key-file", "key"]).exits(4);
    // What is set to nothing is not set.
    let project = with_profile(&server, "sandbox password", "sandbox key");
    let nothing = [("TICKETLOAD_PASSWORD", ""), ("TICKETLOAD_KEY", "")];
    run_with(&project, &nothing, &["check"]).exits(0);
}
