"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `folder`         the teacher's folder: what lies where
3.  `hand_in`        how the learning platform knows a hand-in: what is kept to give marks back
4.  `release`        the zip files to hand out
5.  `notebook`       the answers in a notebook that was handed in, whatever else is in it
6.  `collect`        from the learning platform's download to one notebook for each student
7.  `records`        submissions, their states, and records of how they were graded
8.  `system_calls`   the system calls that an answer may make, and the kernel's filter of them
9.  `answer_server`  the process that runs answers; the only file here that a sandbox sees
10. `sandbox`        bubblewrap around it, and what comes back
11. `judge`          one submission: its answers out to the sandbox, outcomes back, points
12. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
13. `run`            all submissions, in parallel, resumable
14. `marks`          what each submission has earned, from the gradebook, marks by hand included
15. `formulas`       formulas as pictures in a page, with no script
16. `feedback`       a page for each submission, made anew where something changed
17. `report`         the table, the page and the feedback, from records alone: no PyTorch
18. `cli`            the command `vae-grade`
"""
