#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { nobody = 65534 };

/* Each test works in a folder of its own, which is also the working folder. */
static char folder[PATH_MAX];
static char before[PATH_MAX];

static int enter_folder(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/file_test.XXXXXX", parent && parent[0] ? parent : "/tmp");
    return getcwd(before, sizeof before) && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static int leave_folder(void **state)
{
    (void)state;
    return chdir(before) == 0 ? nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected)
{
    struct mill_error error;
    char *text = NULL;
    size_t length = 0;
    if (mill_read_file(path, 1 << 20, &text, &length, &error) < 0) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    free(text);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 0777;
}

static int entries_in(const char *path)
{
    DIR *opened = opendir(path);
    assert_non_null(opened);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(opened));) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(opened);
    return count;
}

static int replace(const char *path, const char *content, struct mill_error *error)
{
    struct mill_replacement out;
    int status = mill_replacement_open(&out, path, error);
    if (status == 0) {
        status = mill_replacement_write(&out, content, strlen(content), error);
    }
    if (status == 0) {
        status = mill_replacement_commit(&out, error);
    }
    mill_replacement_close(&out);
    return status;
}

static void assert_refused(const char *path, int status, const char *message)
{
    struct mill_error error = {""};
    int entries = entries_in(".");
    assert_int_equal(replace(path, "new", &error), status);
    assert_string_equal(error.message, message);
    assert_int_equal(entries_in("."), entries);
    assert_int_equal(replace(path, "new", NULL), status);
}

static void a_new_file_appears_at_the_commit(void **state)
{
    (void)state;
    struct mill_replacement out;
    struct mill_error error;
    assert_int_equal(mill_replacement_open(&out, "x.json", &error), 0);
    assert_int_equal(mill_replacement_write(&out, "one ", 4, &error), 0);
    assert_int_equal(mill_replacement_write(&out, "", 0, &error), 0);
    assert_int_equal(mill_replacement_write(&out, "two", 3, &error), 0);
    assert_int_equal(access("x.json", F_OK), -1);
    assert_int_equal(mill_replacement_commit(&out, &error), 0);
    assert_content("x.json", "one two");
    mill_replacement_close(&out);
    mill_replacement_close(&out);
    assert_content("x.json", "one two");
    assert_int_equal(entries_in("."), 1);
}

static void what_is_not_committed_leaves_the_old_file(void **state)
{
    (void)state;
    struct mill_replacement out;
    struct mill_error error;
    put("x.json", "old");
    assert_int_equal(mill_replacement_open(&out, "x.json", &error), 0);
    assert_int_equal(mill_replacement_write(&out, "new", 3, &error), 0);
    assert_content("x.json", "old");
    assert_int_equal(entries_in("."), 2);
    mill_replacement_close(&out);
    assert_content("x.json", "old");
    assert_int_equal(entries_in("."), 1);
}

static void a_file_is_replaced_in_its_own_folder(void **state)
{
    (void)state;
    struct mill_replacement out;
    struct mill_error error;
    assert_int_equal(mkdir("deep", 0777), 0);
    put("deep/x.json", "a longer old content");
    assert_int_equal(mill_replacement_open(&out, "deep/x.json", &error), 0);
    assert_int_equal(entries_in("deep"), 2);
    assert_int_equal(mill_replacement_write(&out, "new", 3, &error), 0);
    assert_int_equal(mill_replacement_commit(&out, &error), 0);
    mill_replacement_close(&out);
    assert_content("deep/x.json", "new");
    assert_int_equal(entries_in("deep"), 1);

    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/deep/x.json", folder);
    assert_int_equal(replace(path, "by its full path", &error), 0);
    assert_content("deep/x.json", "by its full path");
}

static void permissions_are_the_old_ones_or_those_of_the_umask(void **state)
{
    (void)state;
    mode_t old = umask(027);
    int created = replace("new.json", "x", NULL);
    put("private.json", "old");
    int changed = chmod("private.json", 0606);
    int replaced = replace("private.json", "new", NULL);
    umask(old);
    assert_int_equal(created, 0);
    assert_int_equal(mode_of("new.json"), 0640);
    assert_int_equal(changed, 0);
    assert_int_equal(replaced, 0);
    assert_int_equal(mode_of("private.json"), 0606);
    assert_content("private.json", "new");
}

static void a_symbolic_link_stays(void **state)
{
    (void)state;
    struct stat link;
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    put("elsewhere/real.json", "old");
    assert_int_equal(symlink("elsewhere/real.json", "link.json"), 0);
    assert_int_equal(replace("link.json", "new", NULL), 0);
    assert_int_equal(lstat("link.json", &link), 0);
    assert_true(S_ISLNK(link.st_mode));
    assert_content("elsewhere/real.json", "new");
    assert_int_equal(entries_in("elsewhere"), 1);
    assert_int_equal(entries_in("."), 2);

    assert_int_equal(symlink("nothing", "dangling.json"), 0);
    assert_refused(
        "dangling.json", -ENOENT,
        "cannot write dangling.json: it is a symbolic link that leads nowhere: No such file or directory");
}

static void targets_that_cannot_be_replaced_are_refused_by_name(void **state)
{
    (void)state;
    put("file", "x");
    assert_int_equal(mkdir("runs", 0777), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int socket_there = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(socket_there, (const struct sockaddr *)&address, sizeof address), 0);
    close(socket_there);
    assert_refused("", -EINVAL, "cannot write '': a file name is needed");
    assert_refused("runs", -EISDIR, "cannot write runs: it is a folder; give the name of a file in it");
    assert_refused("new/", -EISDIR, "cannot write new/: it is a folder; give the name of a file in it");
    assert_refused("socket", -EINVAL,
                   "cannot write socket: it is not a regular file and cannot be replaced; give another name");
    assert_refused("results/x.json", -ENOENT, "cannot write results/x.json: No such file or directory");
    assert_refused("file/x.json", -ENOTDIR, "cannot write file/x.json: Not a directory");
    assert_content("file", "x");
}

static void a_name_may_be_as_long_as_the_system_allows(void **state)
{
    (void)state;
    char name[NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[NAME_MAX] = '\0';
    assert_int_equal(replace(name, "x", NULL), 0);
    assert_content(name, "x");
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    assert_int_equal(replace(name, "x", NULL), -ENAMETOOLONG);

    static char path[2 * PATH_MAX];
    memset(path, 'n', sizeof path - 1);
    assert_int_equal(replace(path, "x", NULL), -ENAMETOOLONG);
}

/* Runs `body` in a child process without the rights of root, which no permission stops, and returns its exit
 * code or minus the signal that ended it. */
static int in_child(void (*body)(void))
{
    if (geteuid() == 0) {
        assert_int_equal(chown(folder, nobody, nobody), 0);
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(nobody) < 0 || setuid(nobody) < 0)) {
            _exit(99);
        }
        body();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void replace_protected_file(void)
{
    struct mill_error error = {""};
    int status = replace("protected.json", "new", &error);
    _exit(status == -EACCES && strcmp(error.message, "cannot write protected.json: Permission denied") == 0
              ? 0
              : 1);
}

static void replace_in_protected_folder(void)
{
    struct mill_error error = {""};
    int status = replace("closed/x.json", "new", &error);
    _exit(status == -EACCES && strcmp(error.message, "cannot write closed/x.json: Permission denied") == 0
              ? 0
              : 1);
}

static void permissions_are_respected(void **state)
{
    (void)state;
    put("protected.json", "old");
    assert_int_equal(chmod("protected.json", 0444), 0);
    assert_int_equal(mkdir("closed", 0555), 0);
    assert_int_equal(in_child(replace_protected_file), 0);
    assert_content("protected.json", "old");
    assert_int_equal(in_child(replace_in_protected_folder), 0);
    assert_int_equal(entries_in("closed"), 0);
}

/* What a test may see of a failed replacement, gathered before the limits that made it fail are lifted. */
struct outcome {
    int write, again, commit;
    struct mill_error error;
};

static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
    (void)state;
    struct mill_replacement out;
    struct outcome seen = {.error = {""}};
    struct rlimit old, limited;
    static char data[65536];
    put("x.json", "old");
    assert_int_equal(mill_replacement_open(&out, "x.json", &seen.error), 0);

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limited = old;
    limited.rlim_cur = sizeof data / 2;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int lowered = setrlimit(RLIMIT_FSIZE, &limited);
    seen.write = mill_replacement_write(&out, data, sizeof data, &seen.error);
    int raised = setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);

    /* Room again does not make good what is missing. */
    seen.again = mill_replacement_write(&out, data, 1, NULL);
    seen.commit = mill_replacement_commit(&out, NULL);
    mill_replacement_close(&out);
    assert_int_equal(lowered, 0);
    assert_int_equal(raised, 0);
    assert_int_equal(seen.write, -EFBIG);
    assert_string_equal(seen.error.message, "cannot write x.json: File too large");
    assert_int_equal(seen.again, -EFBIG);
    assert_int_equal(seen.commit, -EFBIG);
    assert_content("x.json", "old");
    assert_int_equal(entries_in("."), 1);
}

static void write_and_die(void)
{
    struct mill_replacement out;
    if (mill_replacement_open(&out, "x.json", NULL) < 0 || mill_replacement_write(&out, "ne", 2, NULL) < 0) {
        _exit(1);
    }
    raise(SIGKILL);
}

static void a_kill_before_the_commit_leaves_the_old_file(void **state)
{
    (void)state;
    put("x.json", "old");
    assert_int_equal(chmod("x.json", 0666), 0);
    assert_int_equal(in_child(write_and_die), -SIGKILL);
    assert_content("x.json", "old");
    assert_int_equal(entries_in("."), 2); /* the temporary file shows that the child got so far */
    assert_int_equal(replace("x.json", "new", NULL), 0);
    assert_content("x.json", "new");
}

static void closing_what_was_never_opened_is_harmless(void **state)
{
    (void)state;
    struct mill_replacement out = {0};
    int input = open(".", O_RDONLY);
    assert_true(input >= 0);
    out.descriptor = input; /* stands for the 0 of a zero-initialised object, which is someone else's */
    mill_replacement_close(&out);
    assert_true(fcntl(input, F_GETFD) >= 0);
    close(input);
}

static void folders_are_made_with_those_above(void **state)
{
    (void)state;
    struct mill_error error = {""};
    struct stat made;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/absolute/b", folder);
    assert_int_equal(mill_make_folders("a/b/c", &error), 0);
    assert_int_equal(mill_make_folders("a/b/c", &error), 0);
    assert_int_equal(mill_make_folders("a//x/./y//", &error), 0);
    assert_int_equal(mill_make_folders(path, &error), 0);
    assert_int_equal(mill_make_folders("/", &error), 0);
    assert_int_equal(stat("a/b/c", &made), 0);
    assert_true(S_ISDIR(made.st_mode));
    assert_int_equal(stat("a/x/y", &made), 0);
    assert_int_equal(stat(path, &made), 0);
    assert_int_equal(entries_in("a"), 2);
}

static void folders_that_cannot_be_made_are_refused(void **state)
{
    (void)state;
    struct mill_error error = {""};
    static char path[2 * PATH_MAX];
    put("file", "x");
    assert_int_equal(mill_make_folders("file/b/c", &error), -ENOTDIR);
    assert_string_equal(error.message, "cannot make folder file/b/c: file is not a folder");
    assert_int_equal(mill_make_folders("", &error), -EINVAL);
    memset(path, 'n', sizeof path - 1);
    assert_int_equal(mill_make_folders(path, &error), -ENAMETOOLONG);
    assert_int_equal(mill_make_folders("/proc/self/b", &error), -ENOENT);
    assert_string_equal(error.message, "cannot make folder /proc/self/b: No such file or directory");
}

static void a_file_is_read_up_to_the_limit(void **state)
{
    (void)state;
    struct mill_error error = {""};
    char *text = NULL;
    size_t length = 0;
    static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        FILE *file = fopen("data", "w");
        assert_non_null(file);
        for (size_t byte = 0; byte < sizes[i]; byte++) {
            putc((int)(byte % 251), file); /* begins with a zero byte */
        }
        assert_int_equal(fclose(file), 0);

        const size_t limits[] = {sizes[i], sizes[i] + 1, SIZE_MAX};
        for (size_t j = 0; j < sizeof limits / sizeof limits[0]; j++) {
            assert_int_equal(mill_read_file("data", limits[j], &text, &length, &error), 0);
            assert_int_equal(length, sizes[i]);
            for (size_t byte = 0; byte < length; byte++) {
                if ((unsigned char)text[byte] != byte % 251) {
                    fail_msg("byte %zu of %zu is %d", byte, length, text[byte]);
                }
            }
            assert_int_equal(text[length], '\0');
            free(text);
            text = NULL;
        }
        if (sizes[i] > 0) {
            length = 77;
            assert_int_equal(mill_read_file("data", sizes[i] - 1, &text, &length, &error), -EFBIG);
            assert_null(text);
            assert_int_equal(length, 77);
        }
    }
    assert_string_equal(error.message, "cannot read data: it has more than 99999 bytes");
}

static void files_without_a_size_are_read(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(mill_read_file("/proc/self/stat", 1 << 20, &text, &length, NULL), 0);
    assert_true(length > 0);
    assert_int_equal(strlen(text), length);
    free(text);
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct mill_error error = {""};
    char *text = NULL;
    size_t length = 0;
    assert_int_equal(mill_read_file("missing.json", 10, &text, &length, &error), -ENOENT);
    assert_string_equal(error.message, "cannot read missing.json: No such file or directory");
    assert_int_equal(mill_read_file(".", 10, &text, &length, &error), -EISDIR);
    assert_string_equal(error.message, "cannot read .: Is a directory");
    assert_null(text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_new_file_appears_at_the_commit),
        IN_FOLDER(what_is_not_committed_leaves_the_old_file),
        IN_FOLDER(a_file_is_replaced_in_its_own_folder),
        IN_FOLDER(permissions_are_the_old_ones_or_those_of_the_umask),
        IN_FOLDER(a_symbolic_link_stays),
        IN_FOLDER(targets_that_cannot_be_replaced_are_refused_by_name),
        IN_FOLDER(a_name_may_be_as_long_as_the_system_allows),
        IN_FOLDER(permissions_are_respected),
        IN_FOLDER(a_full_disk_leaves_the_old_file_and_nothing_else),
        IN_FOLDER(a_kill_before_the_commit_leaves_the_old_file),
        IN_FOLDER(closing_what_was_never_opened_is_harmless),
        IN_FOLDER(folders_are_made_with_those_above),
        IN_FOLDER(folders_that_cannot_be_made_are_refused),
        IN_FOLDER(a_file_is_read_up_to_the_limit),
        IN_FOLDER(files_without_a_size_are_read),
        IN_FOLDER(what_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
