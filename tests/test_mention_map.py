import numpy as np
import pytest

from ner_retriever.search.mention_map import principal_components


def test_points_on_a_line():
    vectors = np.array([[0, 0, 0], [3, 4, 0], [6, 8, 0]], np.float32)
    places = principal_components(vectors)
    np.testing.assert_allclose(np.abs(places[:, 0]), [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(places[:, 1], 0, atol=1e-3)
    assert places[0, 0] == -places[2, 0]


def test_a_cross_keeps_its_proportions():
    vectors = np.array([[4, 0], [-4, 0], [0, 1], [0, -1]], np.float32) + 7
    places = principal_components(vectors)
    np.testing.assert_allclose(np.abs(places), [[1, 0], [1, 0], [0, 0.25], [0, 0.25]], atol=1e-6)


def test_the_farthest_point_is_positive():
    vectors = np.array([[-9, 0], [3, 1], [3, -1], [3, 0]], np.float32)
    assert principal_components(vectors)[0, 0] == 1
    assert principal_components(-vectors)[0, 0] == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_points(count):
    places = principal_components(np.full((count, 3), 0.5, np.float32))
    assert places.shape == (count, 2)
    assert not places.any()
