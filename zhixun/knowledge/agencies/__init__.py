"""The register of outside agencies that a consultation can be referred to, and which of them are right for a matter."""
