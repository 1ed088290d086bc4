"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released
2.  `processes`      new processes, which begin without the script that called
3.  `folder`         the teacher's folder: what lies where
4.  `forgotten`      who was taken out of the class
5.  `hand_in`        how the learning platform knows a hand-in: what is kept to give marks back
6.  `release`        the zip files to hand out
7.  `formats`        what a file is, by its bytes
8.  `notebook`       the cells of a notebook that was handed in, in whatever format
9.  `answers`        the answers in them, wherever they are
10. `lacking`        what an answer needs and this machine has not
11. `archives`       what is in an archive, with bounds
12. `platforms`      how each learning platform names what a student handed in
13. `inbox`          the files that a platform gives, and whose each is
14. `received`       what a student handed in, read
15. `contents`       what work a file is: an exercise, a lesson, a model answer
16. `students`       one folder for one student, and never one for two
17. `placing`        which of a student's notebooks counts
18. `choose`         another of them, as the teacher wants
19. `collect`        from the learning platform's download to one notebook for each student
20. `class_list`     who has not handed in, and who is not on the list
21. `records`        submissions, their states, and records of how they were graded
22. `rules`          how a class is graded: which hand-in counts, the seeds
23. `system_calls`   the system calls that an answer may make, and the kernel's filter of them
24. `answer_server`  the process that runs answers; the only file here that a sandbox sees
25. `sandbox`        bubblewrap around it, and what comes back
26. `judge`          one submission: its answers out to the sandbox, outcomes back, points
27. `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
28. `watch`          a page on how far a run is
29. `run`            all submissions, in parallel, resumable
30. `marks`          what each submission has earned, from the gradebook, marks by hand included
31. `late`           what nbgrader's plugin takes from late submissions
32. `formulas`       formulas as pictures in a page, with no script
33. `feedback`       a page for each submission, made anew where something changed
34. `results`        each submission's record, marks and hand-in, and who gets it back
35. `groups`         who is in which group, kept for each later report
36. `forget`         take a student out of a class
37. `sheets`         a teacher's CSV file, filled in
38. `copies`         equal answers, as pairs to look at
39. `moodle`         back into Moodle
40. `canvas`         back into Canvas
41. `tables`         the results as CSV
42. `page`           the results as a page
43. `report`         all of these, from records alone: no PyTorch
44. `cli`            the command `vae-grade`
"""
