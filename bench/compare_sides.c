#include "compare_sides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subprocess.h"

/* ---- programs ---- */

/* "threadmill 0.1.0 (plain, Clang 14.0.6)", without the name. */
static int ask_version(struct mill_compare_build *build, const char *side, struct mill_error *error)
{
    static const char name[] = "threadmill ";
    struct mill_text said = {0};
    char program[PATH_MAX], option[] = "--version";
    snprintf(program, sizeof program, "%s", build->launch.program);
    char *const command[] = {program, option, NULL};
    int code = mill_subprocess(command, NULL, &said, error);
    const char *text = said.text ? said.text : "";
    if (code == 0 && strncmp(text, name, strlen(name)) == 0) {
        build->says = json_stringn(text + strlen(name), strcspn(text + strlen(name), "\n"));
    }
    if (code >= 0 && !build->says) {
        code = mill_error_set(error, -ENOEXEC, "%s '%s': it is no threadmill: '%s --version' says '%.*s'",
                              side, build->label, program, (int)strcspn(text, "\n"), text);
    }
    mill_text_free(&said);
    return code < 0 ? code : 0;
}

/* A build folder and an install prefix both have it in bin. */
static int find_program(struct mill_compare_build *build, const char *folder, const char *side,
                        struct mill_error *error)
{
    char found[PATH_MAX];
    int length = snprintf(found, sizeof found, "%s/bin/threadmill", folder);
    if (length >= (int)sizeof found || !realpath(found, build->launch.program)) {
        return mill_error_set(error, -EINVAL,
                              "--%s '%s': there is no program %s; give a build folder or an install prefix",
                              side, folder, found);
    }
    if (access(build->launch.program, X_OK) < 0) {
        return mill_error_set(error, -EINVAL, "--%s '%s': %s cannot be run: %s", side, folder,
                              build->launch.program, strerror(errno));
    }
    return 0;
}

static int find_self(struct mill_compare_build *build, struct mill_error *error)
{
    ssize_t length = readlink("/proc/self/exe", build->launch.program, sizeof build->launch.program - 1);
    if (length < 0) {
        return mill_error_set(error, -errno, "this program's own file is unknown: %s", strerror(errno));
    }
    build->launch.program[length] = '\0';
    build->label = "this program";
    return 0;
}

/* ---- references ---- */

/* Runs a step, and tells the end of what it said when it failed. */
static int step(char *const *command, const char *folder, struct mill_text *said, struct mill_error *error)
{
    int code = mill_subprocess(command, folder, said, error);
    if (code <= 0) {
        return code;
    }
    const char *text = said->text ? said->text : "";
    size_t length = strlen(text);
    fprintf(stderr, "%s\n", length > 4000 ? text + length - 4000 : text);
    return mill_error_set(error, -EIO, "'%s %s' failed with exit code %d; what it said stands above",
                          command[0], command[1], code);
}

/* The commit that git knows by this name. */
static int find_commit(const char *reference, const char *side, char *commit, size_t size,
                       struct mill_error *error)
{
    struct mill_text said = {0}, name = {0};
    mill_text_add(&name, "%s^{commit}", reference);
    char *const command[] = {"git", "rev-parse", "--verify", "--quiet", "--end-of-options", name.text, NULL};
    int code = name.failed ? -ENOMEM : mill_subprocess(command, NULL, &said, error);
    if (code > 0) {
        code = mill_error_set(error, -EINVAL, "--%s-ref '%s': git knows no commit of this name here", side,
                              reference);
    } else if (code == 0) {
        snprintf(commit, size, "%.*s", (int)strcspn(said.text, "\n"), said.text);
    }
    mill_text_free(&said);
    mill_text_free(&name);
    return code;
}

/* A work tree of its own in `folder`, configured by the preset and built. */
static int build_reference(struct mill_compare_build *build, const char *folder, const char *reference,
                           const char *side, struct mill_error *error)
{
    char commit[128], tree[PATH_MAX];
    struct mill_text said = {0};
    int status = find_commit(reference, side, commit, sizeof commit, error);
    if (status < 0) {
        return status;
    }
    if (snprintf(tree, sizeof tree, "%s/%s", folder, side) >= (int)sizeof tree) {
        return mill_error_set(error, -ENAMETOOLONG, "no room for the work tree '%s'", folder);
    }
    char *const checkout[] = {"git", "worktree", "add", "--quiet", "--detach", tree, commit, NULL};
    char *const configure[] = {"cmake", "--preset", "release", "-B", "build", "-DTHREADMILL_FLAVOURS=plain",
                               NULL};
    char *const compile[] = {"cmake", "--build", "build", "--target", "threadmill", NULL};
    fprintf(stderr, "threadmill: building %s, %s (%.12s)\n", side, reference, commit);
    status = step(checkout, NULL, &said, error);
    status = status < 0 ? status : step(configure, tree, &said, error);
    status = status < 0 ? status : step(compile, tree, &said, error);
    mill_text_free(&said);
    if (status == 0) {
        strncat(tree, "/build", sizeof tree - strlen(tree) - 1);
        status = find_program(build, tree, side, error);
    }
    return status;
}

static int find_side(struct mill_compare_builds *builds, struct mill_compare_build *build, const char *side,
                     const char *folder, const char *reference, struct mill_error *error)
{
    int status;
    build->label = folder ? folder : reference;
    if (reference) {
        status = build_reference(build, builds->folder, reference, side, error);
    } else {
        status = folder ? find_program(build, folder, side, error) : find_self(build, error);
    }
    return status < 0 ? status : ask_version(build, side, error);
}

int mill_compare_builds_find(struct mill_compare_builds *builds, const struct mill_compare_request *request,
                             struct mill_error *error)
{
    if (request->base_ref || request->head_ref) {
        const char *place = getenv("TMPDIR");
        char folder[PATH_MAX];
        snprintf(folder, sizeof folder, "%s/threadmill-compare-XXXXXX", place && place[0] ? place : "/tmp");
        if (!mkdtemp(folder)) {
            return mill_error_set(error, -errno, "no folder %s for the work trees: %s", folder,
                                  strerror(errno));
        }
        memcpy(builds->folder, folder, sizeof folder);
    }
    int status = find_side(builds, &builds->base, "base", request->base, request->base_ref, error);
    return status < 0 ? status
                      : find_side(builds, &builds->head, "head", request->head, request->head_ref, error);
}

void mill_compare_builds_release(struct mill_compare_builds *builds)
{
    static const char *const sides[] = {"base", "head"};
    for (size_t i = 0; builds->folder[0] && i < 2; i++) {
        char tree[PATH_MAX + 8];
        struct mill_text said = {0};
        struct mill_error error;
        snprintf(tree, sizeof tree, "%s/%s", builds->folder, sides[i]);
        char *const remove_tree[] = {"git", "worktree", "remove", "--force", tree, NULL};
        if (access(tree, F_OK) == 0 && mill_subprocess(remove_tree, NULL, &said, &error) != 0) {
            fprintf(stderr, "threadmill: the work tree %s could not be removed\n", tree);
        }
        mill_text_free(&said);
    }
    if (builds->folder[0]) {
        rmdir(builds->folder);
    }
    json_decref(builds->base.says);
    json_decref(builds->head.says);
    *builds = (struct mill_compare_builds){0};
}

struct mill_compare_side mill_compare_build_side(const struct mill_compare_build *build)
{
    return (struct mill_compare_side){
        .label = build->label, .path = build->launch.program, .build = build->says};
}
