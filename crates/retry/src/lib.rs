//! Retry with a budget, and hedging, for any Tower service
