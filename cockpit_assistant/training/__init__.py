"""Everything that makes models: needs tools that the assistant itself never imports."""
