"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `folder`         the teacher's folder: what lies where
3.  `release`        the zip files to hand out
4.  `notebook`       the answers in a notebook that was handed in, whatever else is in it
5.  `collect`        from the learning platform's download to one notebook for each student
6.  `records`        submissions, their states, and records of how they were graded
7.  `system_calls`   the system calls that an answer may make, and the kernel's filter of them
8.  `answer_server`  the process that runs answers; the only file here that a sandbox sees
9.  `sandbox`        bubblewrap around it, and what comes back
10. `judge`          one submission: its answers out to the sandbox, outcomes back, points
11. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
12. `run`            all submissions, in parallel, resumable
13. `report`         the table, the page and the feedback, from records alone: no PyTorch
14. `cli`            the command `vae-grade`
"""
