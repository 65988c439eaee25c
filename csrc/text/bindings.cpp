// The Python face of the text core: texts come as Arrow arrays, read where they lie, or as a list of str.

#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "checks.h"
#include "text/minhash.h"
#include "text/questions.h"
#include "text/sets.h"
#include "text/strings.h"
#include "text/words.h"

namespace py = pybind11;
using py::literals::operator""_a;

namespace crossthink {
namespace {

using namespace text;
using Hashes = py::array_t<uint64_t, py::array::c_style>;
using Signatures = py::array_t<uint32_t, py::array::c_style>;

// An Arrow struct that was moved out of its capsule, and is released with it.
template <class Struct>
struct Owned : Struct {
    Owned() : Struct{} {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (this->release) this->release(this);
    }
};

template <class Struct>
void take(const py::handle& capsule, const char* name, Struct& into) {
    void* held = PyCapsule_GetPointer(capsule.ptr(), name);
    if (!held) throw py::error_already_set();
    into = *static_cast<Struct*>(held);
    static_cast<Struct*>(held)->release = nullptr;
}

// Views of texts, and what keeps them alive.
class Texts {
  public:
    explicit Texts(const py::object& source) {
        if (py::isinstance<py::list>(source)) {
            for (const py::handle& text : source) views_.push_back(view(text));
        } else if (py::hasattr(source, "__arrow_c_array__")) {
            read_array(source);
        } else if (py::hasattr(source, "__arrow_c_stream__")) {
            read_stream(source);
        } else {
            throw py::type_error("texts must be an Arrow array or a list of str, not " +
                                 std::string(py::str(py::type::handle_of(source).attr("__name__"))));
        }
    }

    std::span<const std::string_view> views() const { return views_; }

  private:
    void read_array(const py::object& source) {
        const auto capsules = source.attr("__arrow_c_array__")().cast<std::pair<py::object, py::object>>();
        Owned<ArrowSchema> schema;
        take<ArrowSchema>(capsules.first, "arrow_schema", schema);
        take<ArrowArray>(capsules.second, "arrow_array", *arrays_.emplace_back(std::make_unique<Owned<ArrowArray>>()));
        append_views(schema.format, *arrays_.back(), views_);
    }

    void read_stream(const py::object& source) {
        const auto capsule = source.attr("__arrow_c_stream__")().cast<py::object>();
        Owned<ArrowArrayStream> stream;
        take<ArrowArrayStream>(capsule, "arrow_array_stream", stream);
        Owned<ArrowSchema> schema;
        require_read(stream.get_schema(&stream, &schema) == 0, stream);
        for (;;) {
            auto array = std::make_unique<Owned<ArrowArray>>();
            require_read(stream.get_next(&stream, array.get()) == 0, stream);
            if (!array->release) return;
            append_views(schema.format, *array, views_);
            arrays_.push_back(std::move(array));
        }
    }

    static void require_read(bool read, ArrowArrayStream& stream) {
        if (read) return;
        const char* error = stream.get_last_error(&stream);
        throw std::runtime_error(std::string("cannot read the Arrow stream: ") + (error ? error : "no reason given"));
    }

    // A lone surrogate has no UTF-8: such a text is encoded here, and its surrogates separate words.
    std::string_view view(const py::handle& text) {
        if (!PyUnicode_Check(text.ptr())) {
            throw py::type_error("texts must be str, not " +
                                 std::string(py::str(py::type::handle_of(text).attr("__name__"))) + " (index " +
                                 std::to_string(views_.size()) + ")");
        }
        Py_ssize_t size = 0;
        if (const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size)) return {bytes, static_cast<size_t>(size)};
        PyErr_Clear();
        PyObject* encoded = PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogatepass");
        if (!encoded) throw py::error_already_set();
        const auto& bytes = encoded_.emplace_back(py::reinterpret_steal<py::bytes>(encoded));
        return {PyBytes_AS_STRING(bytes.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
    }

    std::vector<std::string_view> views_;
    std::vector<std::unique_ptr<Owned<ArrowArray>>> arrays_;
    std::vector<py::bytes> encoded_;
};

// A vector as a numpy array, without a copy.
template <class T>
py::array_t<T> to_numpy(std::vector<T>&& values, std::vector<py::ssize_t> shape) {
    auto held = std::make_unique<std::vector<T>>(std::move(values));
    const T* data = held->data();
    py::capsule owner(held.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    held.release();
    return py::array_t<T>(shape, data, owner);
}

template <class Work>
auto without_gil(const Work& work) {
    py::gil_scoped_release unlocked;
    return work();
}

std::vector<py::str> words_of(const py::str& source) {
    const Texts texts(py::list(py::make_tuple(source)));
    Words words;
    words.read(texts.views()[0]);
    std::vector<py::str> found;
    for (size_t i = 0; i < words.size(); ++i) found.emplace_back(words.spelling(i).data(), words.spelling(i).size());
    return found;
}

py::tuple shingles_of(const py::object& source, int64_t size) {
    require(size >= 1, "size must be at least 1, got " + std::to_string(size));
    const Texts texts(source);
    HashLists found = without_gil([&] { return shingles(texts.views(), static_cast<size_t>(size)); });
    const auto values = static_cast<py::ssize_t>(found.values.size());
    const auto offsets = static_cast<py::ssize_t>(found.offsets.size());
    return py::make_tuple(to_numpy(std::move(found.values), {values}), to_numpy(std::move(found.offsets), {offsets}));
}

py::array_t<uint64_t> hashes_of(const py::object& source, std::optional<int64_t> below) {
    require(!below || *below >= 1, "below must be at least 1, got " + std::to_string(below.value_or(0)));
    const size_t limit = below ? static_cast<size_t>(*below) : SIZE_MAX;
    const Texts texts(source);
    const auto rows = static_cast<py::ssize_t>(texts.views().size());
    return to_numpy(without_gil([&] { return text_hashes(texts.views(), limit); }), {rows});
}

py::array_t<uint32_t> minhash_of(const py::object& source) {
    const Texts texts(source);
    const auto rows = static_cast<py::ssize_t>(texts.views().size());
    return to_numpy(without_gil([&] { return minhash(texts.views()); }), {rows, py::ssize_t{kFunctions}});
}

py::array_t<uint64_t> band_keys_of(const Signatures& signatures) {
    require(signatures.ndim() == 2 && signatures.shape(1) == py::ssize_t{kFunctions},
            "signatures must have shape [texts, " + std::to_string(kFunctions) + "]");
    const std::span<const uint32_t> values(signatures.data(), static_cast<size_t>(signatures.size()));
    return to_numpy(without_gil([&] { return band_keys(values); }), {signatures.shape(0), py::ssize_t{kBands}});
}

std::span<const uint64_t> ascending(const Hashes& values, const char* name) {
    const std::span<const uint64_t> list(values.data(), static_cast<size_t>(values.size()));
    require(std::is_sorted(list.begin(), list.end()), std::string(name) + " must be ascending");
    return list;
}

int64_t shared_of(const Hashes& first, const Hashes& second) {
    return shared(ascending(first, "first"), ascending(second, "second"));
}

std::unique_ptr<QuestionIndex> index_of(const py::object& source, const Ints& first) {
    const Texts texts(source);
    const std::span<const int64_t> starts(first.data(), static_cast<size_t>(first.size()));
    const auto parts = static_cast<int64_t>(texts.views().size());
    bool fits = !starts.empty() && starts.front() == 0 && starts.back() == parts;
    for (size_t i = 1; i < starts.size(); ++i) fits = fits && starts[i - 1] < starts[i];
    require(fits,
            "first must rise from 0 to the number of parts (" + std::to_string(parts) + ") in steps of at least 1");
    return without_gil([&] { return std::make_unique<QuestionIndex>(texts.views(), starts); });
}

std::vector<py::tuple> find_in(const QuestionIndex& index, const py::object& source) {
    const Texts texts(source);
    const std::vector<Match> matches = without_gil([&] { return index.find(texts.views()); });
    std::vector<py::tuple> found;
    for (const Match& m : matches) {
        found.push_back(py::make_tuple(m.text, m.question, m.start, m.words, m.bits, m.bits_held, m.longest_run,
                                       m.number_bits, m.number_bits_held, m.option_bits, m.option_bits_held));
    }
    return found;
}

}  // namespace

void bind_text(py::module_& m) {
    m.def("words", &words_of, "text"_a, "The words, numbers and operators of a text, normalised, in their order.");
    m.def("text_hashes", &hashes_of, "texts"_a, "below"_a = py::none(),
          "Hash of all words of each text [n]; 0 for a text without words, or with `below` words or more.");
    m.def("shingles", &shingles_of, "texts"_a, "size"_a,
          "(values, offsets [n + 1]): the set of hashes of all runs of `size` words of each text, ascending.");
    m.def("minhash", &minhash_of, "texts"_a,
          "Signatures [n, 112] over word 5-grams; all 2**32 - 1 for a text without words.");
    m.def("band_keys", &band_keys_of, "signatures"_a.noconvert(), "Keys [n, 14] of the bands of 8 values.");
    m.def("shared", &shared_of, "first"_a.noconvert(), "second"_a.noconvert(),
          "How many values two ascending lists share; equal values pair off.");
    py::class_<QuestionIndex>(m, "QuestionIndex", "Evaluation questions, to be found in other texts.")
        .def(py::init(&index_of), "parts"_a, "first"_a.noconvert(),
             "`parts`: each question and behind it its options; question i has the parts first[i] to first[i + 1] - 1.")
        .def("__len__", &QuestionIndex::size)
        .def("find", &find_in, "texts"_a,
             "(text, question, start, words, bits, bits_held, longest_run, number_bits, number_bits_held, option_bits, "
             "option_bits_held) of every question of which a text holds a good part.");
}

}  // namespace crossthink
