"""What is imitated: recordings of a teacher, and several of them as one."""
