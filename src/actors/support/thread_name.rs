//! The names of threads, as `top -H`, debuggers and profilers show them.

/// Names the calling thread. The kernel keeps 15 bytes of the name. Actix gives all of its threads
/// the same name.
#[cfg(target_os = "linux")]
pub fn name_this_thread(name: &str) {
    let name = std::ffi::CString::new(name).unwrap_or_default();
    if let Err(error) = rustix::thread::set_name(&name) {
        tracing::debug!(%error, ?name, "the thread could not be named");
    }
}

/// On other systems, a thread keeps the name that it was started with.
#[cfg(not(target_os = "linux"))]
pub fn name_this_thread(_name: &str) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_thread_has_the_first_15_bytes_of_its_name() {
        for (name, known) in [("shard 0", "shard 0"), ("view taxi/mypages", "view taxi/mypag")] {
            let named = thread::spawn(move || {
                name_this_thread(name);
                std::fs::read_to_string("/proc/thread-self/comm").expect("the name is readable")
            });
            assert_eq!(named.join().expect("the thread ends").trim_end(), known);
        }
    }
}
