"""The test phone: calls without a telephone, through the same engine, flow, matching and desk as any other."""
