/* Files that belong to the command: beside it in a build, where they are installed otherwise. */
#ifndef MILL_BENCH_BESIDE_H
#define MILL_BENCH_BESIDE_H

#define BESIDE_MAX 4096

/* The path of `name` in `path`, of BESIDE_MAX bytes: in the folder of the running program, or in the lib
 * folder next to it. 0, or -ENOENT with the path at which it was looked for last. */
int mill_beside(char *path, const char *name);

#endif
