//! One import that something befalls, and the same import again.

use super::{Call, Project, Server, csv};
use std::process::Command;

/// A folder with `calls.csv`, a server, and how many workers send. What befalls it is told where it is tried.
pub(crate) struct Trial {
    pub(crate) project: Project,
    pub(crate) server: Server,
    pub(crate) calls: Vec<Call>,
    pub(crate) workers: usize,
}

impl Trial {
    pub(crate) fn over(server: Server, calls: Vec<Call>, workers: usize) -> Trial {
        let project = Project::new();
        project.write("calls.csv", csv(&calls));
        Trial {
            project,
            server,
            calls,
            workers,
        }
    }

    /// The import, ready to run.
    pub(crate) fn command(&self) -> Command {
        let workers = self.workers.to_string();
        let args = ["import", "calls.csv", "--workers", &workers];
        self.project.command_for(self.server.url(), &args)
    }
}
