//! The suite accepts layers that keep the laws, and names the law that a layer breaks.

mod broken;
mod events;
mod good;
mod laws;
mod layers;
mod probe;
mod tower_layers;
