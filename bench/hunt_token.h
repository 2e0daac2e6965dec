/* What 'threadmill replay' is given: the choices of a schedule, and of which program with which options, as
 * one word that a shell leaves alone:
 *
 *     tm1.MZ3Kx0…@./prog,arg:exit=3:spurious
 *
 * Bytes outside of A-Z a-z 0-9 . _ / - + and = are written %XX. A program without a '/' is one of
 * threadmill's own.
 */
#ifndef MILL_BENCH_HUNT_TOKEN_H
#define MILL_BENCH_HUNT_TOKEN_H

#include "hunt/campaign.h"

/* A string that the caller frees; NULL: no memory, or the choices have no token. */
char *mill_hunt_token_write(const struct mill_campaign *campaign, const struct mill_choices *choices,
                            uint64_t program);

/* What a token says. `campaign` is filled in for mill_campaign_follow, with memory that `token` owns. */
struct mill_hunt_token {
    struct mill_campaign campaign;
    struct mill_choices *choices;
    uint64_t program; /* the hash of the one that it is of */
    char *text;
    char **arguments;
    char path[4096];
};

/* 0 or a negative errno (hunt/token.h); mill_hunt_token_free in either case. */
int mill_hunt_token_read(struct mill_hunt_token *token, const char *text, struct mill_error *error);
void mill_hunt_token_free(struct mill_hunt_token *token);

/* The program of a prey: one without a '/' is beside the command. `path` has BESIDE_MAX bytes. */
int mill_hunt_find_program(const char *name, char *path, struct mill_error *error);

#endif
