"""What a teacher runs to grade a class; students never need it. Read the modules in this order:

1.  `assignments`    the assignments as they are released, and how a file is written whole or not at all
2.  `release`        the zip files to hand out
3.  `notebook`       the answers in a notebook that was handed in, whatever else is in it
4.  `collect`        from the learning platform's download to one notebook for each student
5.  `answer_server`  the process that runs answers, with `system_calls`, the filter for what they may call
6.  `sandbox`        bubblewrap around it, and what comes back
7.  `judge`          one submission: its answers out to the sandbox, outcomes back, points
8.  `gradebook`      nbgrader's gradebook, and its notebooks for formgrader and feedback
9.  `run`            all submissions, in parallel, resumable
10. `report`         the table, the page and the feedback
11. `cli`            the command `vae-grade`
"""
