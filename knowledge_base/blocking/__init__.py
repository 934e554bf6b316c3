"""The operators' block list (屏蔽词): words, matching with their variants, sheets, and the SQL they live in."""
