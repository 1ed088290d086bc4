"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `folder`         the teacher's folder: what lies where
3.  `forgotten`      who was taken out of the class
4.  `hand_in`        how the learning platform knows a hand-in: what is kept to give marks back
5.  `release`        the zip files to hand out
6.  `formats`        what a file is, by its bytes
7.  `notebook`       the cells of a notebook that was handed in, in whatever format
8.  `answers`        the answers in them, wherever they are
9.  `lacking`        what an answer needs and this machine has not
10. `archives`       what is in an archive, with bounds
11. `platforms`      how each learning platform names what a student handed in
12. `inbox`          the files that a platform gives, and whose each is
13. `received`       what a student handed in, read
14. `contents`       what work a file is: an exercise, a lesson, a model answer
15. `students`       one folder for one student, and never one for two
16. `placing`        which of a student's notebooks counts
17. `collect`        from the learning platform's download to one notebook for each student
18. `class_list`     who has not handed in, and who is not on the list
19. `records`        submissions, their states, and records of how they were graded
20. `rules`          how a class is graded: which hand-in counts, the seeds
21. `system_calls`   the system calls that an answer may make, and the kernel's filter of them
22. `answer_server`  the process that runs answers; the only file here that a sandbox sees
23. `sandbox`        bubblewrap around it, and what comes back
24. `judge`          one submission: its answers out to the sandbox, outcomes back, points
25. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
26. `forget`         take a student out of a class
27. `watch`          a page on how far a run is
28. `run`            all submissions, in parallel, resumable
29. `marks`          what each submission has earned, from the gradebook, marks by hand included
30. `late`           what nbgrader's plugin takes from late submissions
31. `formulas`       formulas as pictures in a page, with no script
32. `feedback`       a page for each submission, made anew where something changed
33. `results`        each submission's record, marks and hand-in, and who gets it back
34. `sheets`         a teacher's CSV file, filled in
35. `copies`         equal answers, as pairs to look at
36. `moodle`         back into Moodle
37. `canvas`         back into Canvas
38. `tables`         the results as CSV
39. `page`           the results as a page
40. `report`         all of these, from records alone: no PyTorch
41. `cli`            the command `vae-grade`
"""
