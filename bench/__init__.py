"""What measures: accuracy, latency, load, start-up, training, size. Figures only; nothing here passes or fails."""
