"""Reports as files: sheets for those who count, paper for those who sign. Knows tables, nothing of the register."""
