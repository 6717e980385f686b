//! The in-memory world in which businesses are simulated.
