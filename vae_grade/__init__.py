"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `folder`         the teacher's folder: what lies where
3.  `hand_in`        how the learning platform knows a hand-in: what is kept to give marks back
4.  `release`        the zip files to hand out
5.  `formats`        what a file is, by its bytes
6.  `notebook`       the answers in a notebook that was handed in, whatever else is in it
7.  `archives`       what is in an archive, with bounds
8.  `platforms`      how each learning platform names what a student handed in
9.  `inbox`          the files that a platform gives, and whose each is
10. `received`       what a student handed in, read
11. `contents`       what work a file is: an exercise, a lesson, a model answer
12. `students`       one folder for one student, and never one for two
13. `placing`        which of a student's notebooks counts
14. `collect`        from the learning platform's download to one notebook for each student
15. `class_list`     who has not handed in, and who is not on the list
16. `records`        submissions, their states, and records of how they were graded
17. `system_calls`   the system calls that an answer may make, and the kernel's filter of them
18. `answer_server`  the process that runs answers; the only file here that a sandbox sees
19. `sandbox`        bubblewrap around it, and what comes back
20. `judge`          one submission: its answers out to the sandbox, outcomes back, points
21. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
22. `run`            all submissions, in parallel, resumable
23. `marks`          what each submission has earned, from the gradebook, marks by hand included
24. `formulas`       formulas as pictures in a page, with no script
25. `feedback`       a page for each submission, made anew where something changed
26. `report`         the table, the page and the feedback, from records alone: no PyTorch
27. `cli`            the command `vae-grade`
"""
