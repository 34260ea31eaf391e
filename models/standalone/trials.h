// Runs many trials of one compiled network: values, starts, inputs, seeds and the duration are read, not compiled in.
//
// Included by the generated main.cpp, which names the arrays, queues, clocks and monitors of the network. The file
// of a run holds records (see `values.py`); results are appended to files in the folder of the results (see
// `engine.py`). Every error ends the program with a message on stderr.
#ifndef CHRONAXIE_TRIALS_H
#define CHRONAXIE_TRIALS_H

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "brianlib/dynamic_array.h"

namespace trials {

[[noreturn]] inline void fail(const std::string &message)
{
    std::fprintf(stderr, "%s\n", message.c_str());
    std::exit(70);
}

// ---------------------------------------------------------------- input arrays read as name(t) or name(t, i)
struct Table
{
    std::vector<double> values;
    int64_t rows = 0, columns = 0;
    double dt = 1.0;
};

// Brian2's upsampling factor of a TimedArray that a group of another step reads.
inline int64_t upsampling(double group_dt, double dt)
{
    const double factor = std::pow(2.0, std::ceil(std::log2(8 / group_dt * dt)));
    return factor < 1 ? 1 : static_cast<int64_t>(factor);
}

inline double at(const Table &table, double t, double epsilon, int64_t factor, int64_t column)
{
    if (column < 0 || column >= table.columns)
        return NAN;
    int64_t row = static_cast<int64_t>((t / epsilon + 0.5) / factor);
    row = row < 0 ? 0 : (row >= table.rows ? table.rows - 1 : row);
    return table.values[row * table.columns + column];
}

// ---------------------------------------------------------------- arrays of the network by name
struct Array
{
    virtual ~Array() {}
    virtual size_t item() const = 0;
    virtual size_t size() const = 0;
    virtual char *resized(size_t count) = 0;  // data, or null where the size cannot be that
    virtual char *data() = 0;
    virtual bool extreme() const { return false; }
};

template <class T> bool any_extreme(const T *, size_t) { return false; }
inline bool any_extreme(const double *values, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!(std::fabs(values[k]) < 1e100))
            return true;
    return false;
}

template <class T> struct Fixed : Array
{
    T *&values;
    size_t n;
    Fixed(T *&values, size_t n) : values(values), n(n) {}
    size_t item() const override { return sizeof(T); }
    size_t size() const override { return n; }
    char *resized(size_t count) override { return count == n ? data() : nullptr; }
    char *data() override { return reinterpret_cast<char *>(values); }
    bool extreme() const override { return any_extreme(values, n); }
};

template <class T> struct Dynamic : Array
{
    std::vector<T> &values;
    explicit Dynamic(std::vector<T> &values) : values(values) {}
    size_t item() const override { return sizeof(T); }
    size_t size() const override { return values.size(); }
    char *resized(size_t count) override
    {
        values.resize(count);
        values.shrink_to_fit();
        return data();
    }
    char *data() override { return reinterpret_cast<char *>(values.data()); }
    bool extreme() const override { return any_extreme(values.data(), values.size()); }
};

// ---------------------------------------------------------------- results
class Output
{
public:
    void open(const std::string &path)
    {
        name = path;
        file = std::fopen(path.c_str(), "wb");
        if (!file)
            fail("cannot write " + path + ": " + std::strerror(errno));
    }
    void write(const void *data, size_t bytes)
    {
        if (bytes && std::fwrite(data, 1, bytes, file) != bytes)
            fail("cannot write " + name + ": " + std::strerror(errno));
    }
    void close()
    {
        if (std::fclose(file))
            fail("cannot write " + name + ": " + std::strerror(errno));
    }

private:
    std::string name;
    FILE *file = nullptr;
};

// A monitor whose content is moved to a file: `flush` returns how many events or samples there were.
struct Monitor
{
    virtual ~Monitor() {}
    virtual void open(const std::string &stem) = 0;
    virtual int64_t flush() = 0;
    virtual void close() = 0;
};

struct Spikes : Monitor
{
    std::vector<int32_t> &index;
    std::vector<double> &time;
    int32_t *&count;
    int32_t *&each;
    size_t neurons;
    Output indices, times;
    Spikes(std::vector<int32_t> &index, std::vector<double> &time, int32_t *&count, int32_t *&each, size_t neurons)
        : index(index), time(time), count(count), each(each), neurons(neurons)
    {
    }
    void open(const std::string &stem) override
    {
        indices.open(stem + ".index");
        times.open(stem + ".time");
    }
    int64_t flush() override
    {
        const int64_t n = index.size();
        if (n == 0)
            return 0;
        indices.write(index.data(), n * sizeof(int32_t));
        times.write(time.data(), n * sizeof(double));
        index.clear();
        time.clear();
        count[0] = 0;
        std::fill(each, each + neurons, 0);
        return n;
    }
    void close() override
    {
        indices.close();
        times.close();
    }
};

template <class T> struct Samples : Monitor
{
    DynamicArray2D<T> &values;
    std::vector<double> &time;
    int32_t *&count;
    Output rows;
    Samples(DynamicArray2D<T> &values, std::vector<double> &time, int32_t *&count)
        : values(values), time(time), count(count)
    {
    }
    void open(const std::string &stem) override { rows.open(stem + ".value"); }
    int64_t flush() override
    {
        const int64_t n = values.n, columns = values.m;
        std::vector<T> row(columns);
        for (int64_t k = 0; k < n; k++)
        {
            for (int64_t j = 0; j < columns; j++)
                row[j] = values(static_cast<int>(k), static_cast<int>(j));
            rows.write(row.data(), columns * sizeof(T));
        }
        if (n)  // Brian2 up to 2.9 counts in int, later ones in size_t
            values.resize(static_cast<typename std::remove_reference<decltype(values.m)>::type>(0), values.m);
        time.clear();
        count[0] = 0;
        return n;
    }
    void close() override { rows.close(); }
};

// ---------------------------------------------------------------- what the generated main.cpp fills
struct Clocked
{
    double **dt, **t;
    int64_t **timestep;
};

struct Program
{
    std::map<std::string, std::unique_ptr<Array>> arrays;
    std::map<std::string, Table *> tables;
    std::vector<std::unique_ptr<Monitor>> monitors;
    std::vector<std::string> state;      // arrays that a trial changes
    std::vector<Clocked> clocks;
    std::vector<int64_t> every, offset;  // sampling of each trace, in steps
    std::function<void(uint32_t)> seed;
    std::function<void()> clear_queues;
    std::function<void()> prepare;       // Brian2's blocks before a run
    std::vector<void (*)()> step;        // the objects of a step, in order, where all have one clock
    std::function<void(double)> run;     // Brian2's own loop, where they have several
};

inline Program &program()
{
    static Program only;
    return only;
}

// ---------------------------------------------------------------- the file of a run
struct Record
{
    char kind;
    int64_t offset, bytes;
};

class RunFile
{
public:
    explicit RunFile(const std::string &path) : name(path)
    {
        file = std::fopen(path.c_str(), "rb");
        if (!file)
            fail("cannot read " + path + ": " + std::strerror(errno));
        char magic[8];
        read(magic, 8);
        if (std::memcmp(magic, "CXTRIAL1", 8) != 0)
            fail(path + ": not the file of a run");
        for (;;)
        {
            int64_t head[3];  // kind, length of the name, bytes
            read(head, sizeof(head));
            if (head[0] == 0)
                break;
            std::string key(head[1], ' ');
            read(&key[0], key.size());
            records.emplace_back(key, Record{static_cast<char>(head[0]), tell(), head[2]});
            seek(tell() + head[2]);
        }
    }
    ~RunFile() { std::fclose(file); }
    void read(void *into, size_t bytes)
    {
        if (bytes && std::fread(into, 1, bytes, file) != bytes)
            fail(name + ": cut short");
    }
    void seek(int64_t offset)
    {
        if (fseeko(file, offset, SEEK_SET))
            fail(name + ": cut short");
    }
    int64_t tell() { return ftello(file); }
    const Record &parameter(const std::string &key) const
    {
        for (auto &entry : records)
            if (entry.second.kind == 'P' && entry.first == key)
                return entry.second;
        fail(name + ": no parameter " + key);
    }
    std::vector<std::pair<std::string, Record>> records;

private:
    std::string name;
    FILE *file;
};

inline Array &array(const std::string &name)
{
    auto found = program().arrays.find(name);
    if (found == program().arrays.end())
        fail("the program has no array " + name);
    return *found->second;
}

// ---------------------------------------------------------------- running
struct Flow
{
    int64_t trial = 0, step = 0, steps = 0, chunk = 1;
    Output segments;
    std::chrono::steady_clock::time_point shown;

    void flush()
    {
        for (size_t k = 0; k < program().monitors.size(); k++)
        {
            const int64_t n = program().monitors[k]->flush();
            const int64_t row[3] = {static_cast<int64_t>(k), trial, n};
            if (n)
                segments.write(row, sizeof(row));
        }
    }
    void tell(bool always)
    {
        const auto now = std::chrono::steady_clock::now();
        if (!always && now - shown < std::chrono::milliseconds(200))
            return;
        shown = now;
        std::printf("%lld %lld\n", static_cast<long long>(trial), static_cast<long long>(step));
        std::fflush(stdout);
    }
};

inline Flow &flow()
{
    static Flow only;
    return only;
}

// The last object of every step.
inline void after_step()
{
    Flow &now = flow();
    if (++now.step % now.chunk == 0)
        now.flush();
    if (now.step % 64 == 0)
        now.tell(false);
}

inline bool due(size_t trace, int64_t timestep)
{
    return timestep % program().every[trace] == program().offset[trace];
}

inline void load_values(RunFile &file)
{
    for (auto &entry : file.records)
    {
        if (entry.second.kind != 'V')
            continue;
        Array &target = array(entry.first);
        char *data = target.resized(entry.second.bytes / target.item());
        if ((!data && entry.second.bytes) || entry.second.bytes % target.item())
            fail("the array " + entry.first + " has another size than the values that came for it");
        file.seek(entry.second.offset);
        file.read(data, entry.second.bytes);
    }
}

inline void load_start(RunFile &file, const std::string &name, const Record &record, int64_t trial)
{
    Array &target = array(name);
    const int64_t bytes = target.size() * target.item();
    if ((trial + 1) * bytes > record.bytes)
        fail("the start of " + name + " is cut short");
    file.seek(record.offset + trial * bytes);
    file.read(target.data(), bytes);
}

// Spikes of one generator: how many trials (1: the same for all), where each begins, all indices, all steps.
inline void load_spikes(RunFile &file, const std::string &name, const Record &record, int64_t trial)
{
    int64_t trials, range[2], n;
    file.seek(record.offset);
    file.read(&trials, sizeof(trials));
    file.seek(record.offset + trials * 8 + 8);
    file.read(&n, sizeof(n));
    trial = trials == 1 ? 0 : trial;
    if (trial >= trials)
        fail("the spikes of " + name + " are cut short");
    file.seek(record.offset + (1 + trial) * 8);
    file.read(range, sizeof(range));
    const int64_t count = range[1] - range[0], begin = record.offset + (trials + 2) * 8;
    char *indices = array(name + ".neuron_index").resized(count);
    file.seek(begin + range[0] * 4);
    file.read(indices, count * 4);
    char *bins = array(name + "._timebins").resized(count);
    file.seek(begin + n * 4 + range[0] * 4);
    file.read(bins, count * 4);
}

// Values of one TimedArray: rows, columns, step, how many trials (1: the same for all), values.
inline void load_table(RunFile &file, const std::string &name, const Record &record, int64_t trial)
{
    Table &table = *program().tables.at(name);
    int64_t trials;
    file.seek(record.offset);
    file.read(&table.rows, 8);
    file.read(&table.columns, 8);
    file.read(&trials, 8);
    file.read(&table.dt, 8);
    const int64_t n = table.rows * table.columns;
    table.values.resize(n);
    file.seek(record.offset + 32 + (trials == 1 ? 0 : trial) * n * 8);
    file.read(table.values.data(), n * 8);
}

template <class T> std::vector<T> numbers(RunFile &file, const std::string &name)
{
    const Record &record = file.parameter(name);
    std::vector<T> values(record.bytes / sizeof(T));
    file.seek(record.offset);
    file.read(values.data(), record.bytes);
    return values;
}

inline void one_clock(Program &net, int64_t steps)
{
    int64_t &timestep = (*net.clocks[0].timestep)[0];
    double &t = (*net.clocks[0].t)[0];
    const double dt = (*net.clocks[0].dt)[0];
    while (timestep < steps)
    {
        for (auto object : net.step)
            object();
        timestep += 1;
        t = timestep * dt;
    }
}

// Arguments: file of the values that every run has, file of this run, folder of the results, first trial, last.
inline int main(int argc, char **argv)
{
    if (argc != 6)
        fail("expected: internals run results first last");
    Program &net = program();
    RunFile internals(argv[1]), file(argv[2]);
    const std::string results = argv[3];
    const int64_t first = std::atoll(argv[4]), last = std::atoll(argv[5]);
    load_values(internals);
    load_values(file);
    const auto sizes = numbers<int64_t>(file, "steps");  // steps, chunk
    const double duration = numbers<double>(file, "duration")[0];
    const auto steps_s = numbers<double>(file, "dt");
    const auto seeds = numbers<int64_t>(file, "seeds");
    net.every = numbers<int64_t>(file, "every");
    net.offset = numbers<int64_t>(file, "offset");
    for (size_t k = 0; k < net.clocks.size(); k++)
        (*net.clocks[k].dt)[0] = steps_s[k];
    Flow &now = flow();
    now.steps = sizes[0];
    now.chunk = sizes[1];
    now.segments.open(results + "/segments");
    for (size_t k = 0; k < net.monitors.size(); k++)
        net.monitors[k]->open(results + "/" + std::to_string(k));
    std::vector<std::vector<char>> before;
    if (last - first > 1)
        for (auto &name : net.state)
        {
            Array &a = array(name);
            before.emplace_back(a.data(), a.data() + a.size() * a.item());
        }
    net.prepare();
    std::set<std::string> extreme, from_the_start;  // a limit may be infinite on purpose
    for (auto &name : net.state)
        if (array(name).extreme())
            from_the_start.insert(name);
    for (int64_t trial = first; trial < last; trial++)
    {
        now.trial = trial;
        now.step = 0;
        for (auto &clock : net.clocks)
            (*clock.timestep)[0] = 0, (*clock.t)[0] = 0.0;
        for (size_t k = 0; k < before.size(); k++)
            std::memcpy(array(net.state[k]).data(), before[k].data(), before[k].size());
        net.clear_queues();
        for (auto &entry : file.records)
        {
            if (entry.second.kind == 'S')
                load_start(file, entry.first, entry.second, trial);
            else if (entry.second.kind == 'G')
                load_spikes(file, entry.first, entry.second, trial);
            else if (entry.second.kind == 'T')
                load_table(file, entry.first, entry.second, trial);
        }
        net.seed(static_cast<uint32_t>(seeds[trial]));
        now.tell(false);
        if (net.run)
            net.run(duration);
        else
            one_clock(net, now.steps);
        now.flush();
        for (auto &name : net.state)
            if (!from_the_start.count(name) && array(name).extreme())
                extreme.insert(name);
    }
    now.trial = last;
    now.step = 0;
    now.tell(true);
    now.segments.close();
    for (auto &monitor : net.monitors)
        monitor->close();
    Output names;
    names.open(results + "/extreme");
    for (auto &name : extreme)
        names.write((name + "\n").c_str(), name.size() + 1);
    names.close();
    // Brian2's own arrays need no tidying up: the process ends.
    std::fflush(stdout);
    std::_Exit(0);
}

}  // namespace trials

#endif
