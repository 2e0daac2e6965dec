/* A hunted program as the command sees it: it maps the job that its environment names, runs the schedules
 * that are asked for, each batch of them in a child process of its own, and ends.
 *
 * A program of the user's needs nothing: its main is wrapped, and runs once in each child. A program that can
 * begin anew in the same process (scenarios: setup, threads, verify, teardown) calls mill_target_run.
 */
#ifndef MILL_HUNT_RUNTIME_TARGET_H
#define MILL_HUNT_RUNTIME_TARGET_H

#include "hunt/job.h"

/* The job, mapped; NULL: this process is not hunted. */
struct mill_job *mill_target_job(void);

/* Runs schedules until the job is done, calling run(context) once in each; job->batch of them in each child.
 * Returns in the first process, when all is over; the exit code of the process is of no account. */
void mill_target_run(struct mill_job *job, void (*run)(void *context), void *context);

#endif
