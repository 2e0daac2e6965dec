/* A std::condition_variable is waited for without a look at what is waited for.
 *
 * Shows when: the notification comes before the wait.
 * Preemptions: 0.
 * Finding: deadlock, lost-wakeup.
 */
#include <condition_variable>
#include <mutex>
#include <thread>

int main()
{
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    std::thread guest([&] {
        std::unique_lock<std::mutex> hold(mutex);
#ifdef FIXED
        changed.wait(hold, [&] { return open; });
#else
        changed.wait(hold);
#endif
    });
    std::thread host([&] {
        std::lock_guard<std::mutex> hold(mutex);
        open = true;
        changed.notify_one();
    });
    guest.join();
    host.join();
    return open ? 0 : 1;
}
