"""Service items (政务服务事项, GB/T 39046): what can be done, with what, by when, for how much and where."""
