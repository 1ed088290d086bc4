"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `folder`         the teacher's folder: what lies where
3.  `hand_in`        how the learning platform knows a hand-in: what is kept to give marks back
4.  `release`        the zip files to hand out
5.  `formats`        what a file is, by its bytes
6.  `notebook`       the cells of a notebook that was handed in, in whatever format
7.  `answers`        the answers in them, wherever they are
8.  `lacking`        what an answer needs and this machine has not
9.  `archives`       what is in an archive, with bounds
10. `platforms`      how each learning platform names what a student handed in
11. `inbox`          the files that a platform gives, and whose each is
12. `received`       what a student handed in, read
13. `contents`       what work a file is: an exercise, a lesson, a model answer
14. `students`       one folder for one student, and never one for two
15. `placing`        which of a student's notebooks counts
16. `collect`        from the learning platform's download to one notebook for each student
17. `class_list`     who has not handed in, and who is not on the list
18. `records`        submissions, their states, and records of how they were graded
19. `system_calls`   the system calls that an answer may make, and the kernel's filter of them
20. `answer_server`  the process that runs answers; the only file here that a sandbox sees
21. `sandbox`        bubblewrap around it, and what comes back
22. `judge`          one submission: its answers out to the sandbox, outcomes back, points
23. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
24. `run`            all submissions, in parallel, resumable
25. `marks`          what each submission has earned, from the gradebook, marks by hand included
26. `late`           what nbgrader's plugin takes from late submissions
27. `formulas`       formulas as pictures in a page, with no script
28. `feedback`       a page for each submission, made anew where something changed
29. `results`        each submission's record, marks and hand-in, and who gets it back
30. `sheets`         a teacher's CSV file, filled in
31. `copies`         equal answers, as pairs to look at
32. `moodle`         back into Moodle
33. `canvas`         back into Canvas
34. `tables`         the results as CSV
35. `page`           the results as a page
36. `report`         all of these, from records alone: no PyTorch
37. `cli`            the command `vae-grade`
"""
