/* The constructor of the base starts the thread, which calls what only the derived class has.
 *
 * Shows when: the thread calls before the derived constructor has run: it finds the base's own. The race,
 * on the object's table of functions, is there in every schedule.
 * Preemptions: 1.
 * Finding: exit, race.
 */
#include <memory>
#include <thread>

namespace
{

class Runner
{
  public:
    Runner()
    {
#ifndef FIXED
        start();
#endif
    }
    virtual ~Runner() = default;
    void start()
    {
        thread = std::thread([this] { found = number(); });
    }
    int wait()
    {
        thread.join();
        return found;
    }

  private:
    virtual int number()
    {
        return 0;
    }
    int found = -1;
    std::thread thread;
};

class Numbered : public Runner
{
    int number() override
    {
        return 4;
    }
};

} // namespace

int main()
{
    std::unique_ptr<Runner> runner = std::make_unique<Numbered>();
#ifdef FIXED
    runner->start();
#endif
    return runner->wait() == 4 ? 0 : 1;
}
