//! What the C library keeps of the memory that was given back to it.
#![allow(unsafe_code)]

/// Gives the pages of the heap that hold nothing any more back to the system. The C library keeps them otherwise: of what was learned
/// and let go as much would count as this process's for ever as the baseline takes that was made of it.
pub fn release_free_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number, may be called at any time, and locks what it touches (malloc_trim(3): MT-Safe).
    unsafe {
        libc::malloc_trim(0);
    }
}
