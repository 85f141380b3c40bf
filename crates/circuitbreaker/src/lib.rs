//! A circuit breaker for any Tower service, and a fallback
