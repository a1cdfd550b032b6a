"""How people of any shape sign in, and who of them sees all sessions."""

from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.auth.backends import BaseBackend
from django.http import HttpResponse

from tests.hosts.shapes import story


class Backend(BaseBackend):
    def authenticate(self, request, who=None):
        return story.person(who) if who else None

    def get_user(self, user_id):
        user = get_user_model()._default_manager.filter(pk=user_id).first()
        return user if user and getattr(user, "is_active", True) else None


def sign_in(request):
    login(request, authenticate(request, who=request.POST["who"]))
    return HttpResponse("signed in")


def home(request):
    return HttpResponse("signed in" if request.user.is_authenticated else "signed out")


def sees_all(user):
    return user.pk == story.person("root").pk
