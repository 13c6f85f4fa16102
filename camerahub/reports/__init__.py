"""Reports as files: sheets for those who count, paper for those who sign. Knows ``core.report``, nothing of the register."""
