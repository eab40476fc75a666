//! What a trunk and a route may look like.
